"""What the scripts share: whose session it is, and what is expected to fail."""

import json
import os
from pathlib import Path

SERVER = os.environ["SERVER"]
FOLDER = Path(os.environ["HOME"]) / ".cryptoserve"


def log_in(session):
    """Writes what `cryptoserve login` writes."""
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    text = json.dumps({"session_cookie": session, "server_url": SERVER})
    (FOLDER / "credentials.json").write_text(text)


def saved(name, environment="development"):
    """Where the SDK keeps the tokens of an application."""
    return FOLDER / "apps" / f"{name}_{environment}.json"


def fails(kind, call, text=None):
    """Checks that a call fails with a class of the SDK's client, and says so."""
    try:
        call()
    except Exception as error:
        assert type(error).__name__ == kind, f"{type(error).__name__}: {error}"
        assert text is None or text in str(error), str(error)
        return
    raise AssertionError(f"{kind} was expected")

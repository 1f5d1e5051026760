"""`cryptoserve login`, `verify` and `contexts`."""

import json
import os
import subprocess
import sys
from pathlib import Path

from session import FOLDER, SERVER, saved

PROGRAM = Path(sys.executable).parent / "cryptoserve"


def run(*arguments, **more):
    environment = {**os.environ, "CRYPTOSERVE_SERVER_URL": SERVER, **more}
    done = subprocess.run(
        [PROGRAM, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


run("login", "--server", SERVER, "--cookie", os.environ["SESSION"])
kept = json.loads((FOLDER / "credentials.json").read_text())
assert kept == {"session_cookie": os.environ["SESSION"], "server_url": SERVER}
assert "healthy" in run("verify")

# With the session that the command line kept, the SDK registers an application.
from cryptoserve import CryptoServe  # noqa: E402

CryptoServe(app_name="tool", contexts=["user-pii", "payment-data"])
token = json.loads(saved("tool").read_text())["access_token"]
listed = run("contexts", CRYPTOSERVE_TOKEN=token)
assert "user-pii" in listed and "payment-data" in listed and "AES-256-GCM" in listed, listed
assert "GDPR" in listed and "health-data" not in listed, listed
searched = run("contexts", "payment", CRYPTOSERVE_TOKEN=token)
assert "payment-data" in searched and "user-pii" not in searched, searched
shown = run("contexts", "-e", "user-pii", CRYPTOSERVE_TOKEN=token)
assert "Personal data" in shown and "AES-256-GCM" in shown, shown
# No suite of a value has a part that is made against quantum computers, and none is called so.
assert "No" in shown and "Yes" not in shown, shown

"""`cryptoserve login` without a session: its browser is sent to the server and comes back with one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import requests

from session import FOLDER, SERVER

PROGRAM = Path(sys.executable).parent / "cryptoserve"

# A browser that does no more than follow redirects, beside the program that waits for it.
browser = Path(os.environ["HOME"]) / "browser"
browser.write_text(
    f"#!{sys.executable}\n"
    "import os, sys, requests\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    requests.get(sys.argv[1], timeout=30)\n"
)
browser.chmod(0o700)
done = subprocess.run(
    [PROGRAM, "login", "--server", SERVER],
    env={**os.environ, "BROWSER": f"{browser} %s"},
    stdin=subprocess.DEVNULL,
    capture_output=True,
    text=True,
    timeout=60,
    check=False,
)
assert done.returncode == 0, f"{done.stdout}{done.stderr}"
kept = json.loads((FOLDER / "credentials.json").read_text())
assert kept["server_url"] == SERVER, kept["server_url"]
session = {"access_token": kept["session_cookie"]}
user = requests.get(f"{SERVER}/api/users/me", cookies=session, timeout=30).json()
assert (user["role"], user["email"]) == ("owner", "developer@localhost"), user

# With what was kept, the SDK registers an application.
from cryptoserve import CryptoServe  # noqa: E402

crypto = CryptoServe(app_name="logged-in", contexts=["general"])
assert crypto.decrypt(crypto.encrypt(b"x", context="general"), context="general") == b"x"

"""`cryptoserve login`, `verify`, `contexts` and `promote`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import requests

from session import FOLDER, SERVER, saved

PROGRAM = Path(sys.executable).parent / "cryptoserve"


def run(*arguments, code=0, typed="", **more):
    environment = {**os.environ, "CRYPTOSERVE_SERVER_URL": SERVER, **more}
    done = subprocess.run(
        [PROGRAM, *arguments],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
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
# 256 bits, under a root that is a key file, resist quantum computers.
assert "Yes" in shown, shown

# Promotion: by what the log has of the application, or by an owner's approval.
told = run("promote", "tool")
assert "payment-data" in told and "Operations: 0/100" in told, told
assert "Requires admin approval" in told and "Not ready for promotion" in told, told
assert "Use --expedite" in run("promote", "tool", "--confirm", code=1)
asked = run("promote", "tool", "--expedite", typed="1\nproduction is down\n")
assert "waits for an owner" in asked and "0 of 100 operations" in asked, asked
cookies = {"access_token": os.environ["SESSION"]}
applications = f"{SERVER}/api/v1/applications"
found = requests.get(applications, params={"name": "tool"}, cookies=cookies, timeout=30).json()
approve = f"{applications}/{found[0]['id']}/promotion/approve"
refused = {"access_token": os.environ["VIEWER"]}
look = approve.removesuffix("/approve")
waits = requests.get(look, cookies=cookies, timeout=30).json()["awaited"]
looked_at = {name: waits[name] for name in ("target_environment", "contexts", "justification")}
assert requests.post(approve, json=looked_at, cookies=refused, timeout=30).status_code == 403
done = requests.post(approve, json=looked_at, cookies=cookies, timeout=30).json()
assert done["current_environment"] == "production", done
assert "environment already" in run("promote", "tool", code=1)

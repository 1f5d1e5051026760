"""Encrypts or decrypts values, for other clients to read: `local.py encrypt|decrypt` with a list in
JSON on standard input and one on standard output."""

import json
import sys

from world import client, done, run

VAULT = client().vault


def one(request):
    data = request.get("associated_data")
    if sys.argv[1] == "encrypt":
        text, context = request["text"], request["context"]
        return VAULT.encrypt(data=text, key_context=context, associated_data=data)
    return VAULT.decrypt(encrypted_data=request["sealed"], associated_data=data)


async def script():
    json.dump([await done(one(request)) for request in json.load(sys.stdin)], sys.stdout)


run(script)

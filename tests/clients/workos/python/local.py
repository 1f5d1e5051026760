"""Encrypts or decrypts one value, for another client to read: `local.py encrypt|decrypt` with JSON
on standard input and output."""

import json
import sys

from world import client, done, run


async def script():
    vault, request = client().vault, json.load(sys.stdin)
    associated_data = request.get("associated_data")
    if sys.argv[1] == "encrypt":
        answer = vault.encrypt(
            data=request["text"],
            key_context=request["context"],
            associated_data=associated_data,
        )
    else:
        answer = vault.decrypt(
            encrypted_data=request["sealed"], associated_data=associated_data
        )
    json.dump(await done(answer), sys.stdout)


run(script)

"""An independent reader of receipts and entry bundles: C2SP tlog-proof, tlog-checkpoint, signed-note and
tlog-tiles, and RFC 6962 section 2.1, over hashlib and the Ed25519 of PyPI's cryptography. Verifies every
`ok` vector of vectors/log in these formats and refuses every other one."""

import base64
import binascii
import hashlib
import json
import re
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

VECTORS = Path(__file__).parents[2] / "vectors" / "log"
ED25519 = 1


class Refused(Exception):
    """It does not hold."""


def require(condition):
    if not condition:
        raise Refused


def unbase64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused from None
    require(base64.b64encode(data).decode() == text)
    return data


def hash_of(line):
    data = unbase64(line)
    require(len(data) == 32)
    return data


def decimal(text):
    require(re.fullmatch(r"0|[1-9][0-9]*", text, re.ASCII))
    number = int(text)
    require(number < 2**64)
    return number


def leaf_of(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_of(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_above(index, size, leaf, path):
    """RFC 9162 section 2.1.3.2, which is that of RFC 6962's trees too."""
    require(index < size)
    place, last, root = index, size - 1, leaf
    for sibling in path:
        require(last > 0)
        if place & 1 or place == last:
            root = node_of(sibling, root)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            root = node_of(root, sibling)
        place, last = place >> 1, last >> 1
    require(last == 0)
    return root


class Verifier:
    def __init__(self, text):
        self.name, key_id, key = text.split("+", 2)
        self.key_id, key = bytes.fromhex(key_id), unbase64(key)
        require(key[0] == ED25519 and len(key) == 33)
        named = hashlib.sha256(self.name.encode() + b"\n" + key).digest()
        require(named[:4] == self.key_id)
        self.key = Ed25519PublicKey.from_public_bytes(key[1:])

    def open(self, note):
        """The text of a note that this key signed."""
        text, found, signatures = note.rpartition("\n\n")
        require(found and signatures.endswith("\n"))
        ours = 0
        for line in signatures.splitlines():
            dash, name, signature = line.split(" ")
            require(dash == "\N{EM DASH}")
            signature = unbase64(signature)
            if (name, signature[:4]) == (self.name, self.key_id):
                try:
                    self.key.verify(signature[4:], (text + "\n").encode())
                except InvalidSignature:
                    raise Refused from None
                ours += 1
        require(ours > 0)
        return text + "\n"


def receipt(vector):
    given = vector["input"]
    head, found, note = given["receipt"].partition("\n\n")
    lines = head.split("\n")
    require(found and lines.pop(0) == "c2sp.org/tlog-proof@v1")
    if lines and lines[0].startswith("extra "):
        unbase64(lines.pop(0).removeprefix("extra "))
    require(lines and lines[0].startswith("index "))
    index = decimal(lines.pop(0).removeprefix("index "))
    path = [hash_of(line) for line in lines]
    require(len(path) <= 63)
    origin, size, root, end = Verifier(given["verifier_key"]).open(note).split("\n")
    require(origin == given["origin"] and end == "")
    leaf = leaf_of(bytes.fromhex(given["entry_hex"]))
    require(root_above(index, decimal(size), leaf, path) == hash_of(root))
    return {"index": str(index), "size": size}


def bundle(vector):
    rest, leaves = bytes.fromhex(vector["input"]["bundle_hex"]), []
    while rest:
        require(len(rest) >= 2)
        length, rest = int.from_bytes(rest[:2], "big"), rest[2:]
        require(len(rest) >= length)
        leaves.append(leaf_of(rest[:length]))
        rest = rest[length:]
    return {"tile_hex": b"".join(leaves).hex()}


READERS = {"receipt": receipt, "bundle": bundle}


def main():
    vectors = [json.loads(path.read_text()) for path in sorted(VECTORS.glob("*.json"))]
    vectors = [vector for vector in vectors if vector["format"] in READERS]
    wrong, held = 0, 0
    for vector in vectors:
        try:
            got = READERS[vector["format"]](vector)
        except Refused:
            got = None
        held += got is not None
        if got != (vector["output"] if vector["expect"] == "ok" else None):
            wrong += 1
            print(f"{vector['name']}: expected {vector['expect']}, got {got}")
    print(f"log: {len(vectors)} vectors read, {held} held, {wrong} wrong")
    return 0 if held >= 3 and len(vectors) > 15 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())

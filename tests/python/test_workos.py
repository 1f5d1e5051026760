"""An independent reader of what WorkOS clients encrypt: docs/formats/workos.md in Python, over PyPI's
cryptography. Opens every `ok` vector and refuses every other one for its reason."""

import json
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VECTORS = Path(__file__).parents[2] / "vectors" / "workos"


class Malformed(Exception):
    """Seen without a key."""


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, length):
        if len(self.data) < length:
            raise Malformed
        taken, self.data = self.data[:length], self.data[length:]
        return taken

    def rest(self):
        return self.take(len(self.data))

    def leb128(self):
        number, spelled = 0, []
        while not spelled or spelled[-1] & 0x80:
            spelled.append(self.take(1)[0])
            number |= (spelled[-1] & 0x7F) << 7 * (len(spelled) - 1)
        if number >> 32 or (len(spelled) > 1 and spelled[-1] == 0):
            raise Malformed
        return number

    def key_blob(self):
        length = self.leb128()
        if length == 0:
            raise Malformed
        return self.take(length)


def parts(layout, data):
    reader = Reader(data)
    if layout == "a":
        iv, tag = reader.take(12), reader.take(16)
        return iv, reader.key_blob(), reader.rest() + tag
    key_blob, iv = reader.key_blob(), reader.take(12)
    if len(reader.data) < 16:
        raise Malformed
    return iv, key_blob, reader.rest()


def leb128(number):
    spelled = []
    while True:
        low, number = number & 0x7F, number >> 7
        spelled.append(low | (0x80 if number else 0))
        if not number:
            return bytes(spelled)


def layout_of(layout, iv, key_blob, sealed):
    prefix = leb128(len(key_blob)) + key_blob
    ciphertext, tag = sealed[:-16], sealed[-16:]
    if layout == "a":
        return iv + tag + prefix + ciphertext
    return prefix + iv + ciphertext + tag


def check(vector):
    given = vector["input"]
    data = bytes.fromhex(given["value_hex"])
    try:
        iv, key_blob, sealed = parts(given["layout"], data)
    except Malformed:
        assert vector["expect"] == "malformed", vector["name"]
        return
    key = AESGCM(bytes.fromhex(given["data_key_hex"]))
    try:
        plaintext = key.decrypt(iv, sealed, given["associated_data"].encode())
    except InvalidTag:
        assert vector["expect"] == "cannot_open", vector["name"]
        return
    assert vector["expect"] == "ok", vector["name"]
    expected = vector["output"]
    assert plaintext.decode() == expected["plaintext"], vector["name"]
    assert key_blob.hex() == expected["key_blob_hex"], vector["name"]
    other = "b" if given["layout"] == "a" else "a"
    converted = layout_of(other, iv, key_blob, sealed).hex()
    assert converted == expected["other_layout_hex"], vector["name"]


def main():
    files = sorted(VECTORS.glob("*.json"))
    assert len(files) >= 40, len(files)
    for path in files:
        check(json.loads(path.read_text()))
    print(f"test_workos: {len(files)} vectors")


main()

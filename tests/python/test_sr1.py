"""An independent reader of sr1: docs/formats/sr1.md in Python, over PyPI's cryptography.

Opens every `ok` vector and refuses every other one for its reason. The library has
Cobblestone-256 and Cobblestone-128 whole; for two more suites it has the AEAD, and the
construction of docs/formats/cobblestone.md is written out here; so is that of one piece, over its
AES-CBC, AES-CTR, HMAC and AES-CCM.
"""

import json
import struct
import sys
from pathlib import Path

from cryptography.cobblestone import Cobblestone128Decryptor, Cobblestone256Decryptor
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hmac, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCMSIV, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

VECTORS = Path(__file__).parents[2] / "vectors" / "crypto"
PURPOSES = {1: b"value", 2: b"object", 3: b"file", 4: b"data-key", 5: b"store", 6: b"split"}
SUITES = {
    1: b"AES-256-GCM",
    2: b"AES-128-GCM",
    3: b"ChaCha20-Poly1305",
    4: b"AES-256-GCM-SIV",
    5: b"AES-256-CBC-HMAC-SHA-256",
    6: b"AES-256-CTR-HMAC-SHA-256",
    7: b"AES-256-CCM",
}
ONE_SHOT = (5, 6, 7)
COBBLESTONE = {1: (32, Cobblestone256Decryptor), 2: (16, Cobblestone128Decryptor)}
AEADS = {
    3: (b"AEAD_CHACHA20_POLY1305", ChaCha20Poly1305),
    4: (b"AEAD_AES_256_GCM_SIV", AESGCMSIV),
}
UNBINDABLE = (b"exp", b"iat", b"nbf", b"jti", b"auth_time")


class Malformed(Exception):
    """Seen without a key."""


class CannotOpen(Exception):
    """Seen with a key."""


def require(condition):
    if not condition:
        raise Malformed


def u32(number):
    return struct.pack(">I", number)


def item(data):
    return u32(len(data)) + data


def frame(*parts):
    return u32(len(parts)) + b"".join(map(item, parts))


def derive(key, label, *parts, length=32):
    info = b"strongroom/v1/" + label + frame(*parts)
    return HKDFExpand(hashes.SHA256(), length, info).derive(key)


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, length):
        require(len(self.data) >= length)
        taken, self.data = self.data[:length], self.data[length:]
        return taken

    def byte(self):
        return self.take(1)[0]

    def part(self):
        return self.take(struct.unpack(">I", self.take(4))[0])

    def text(self):
        text = self.part()
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed from None
        return text


def read_term(reader):
    form = reader.byte()
    require(form in (1, 2))
    term = (reader.text(),) if form == 1 else (reader.text(), reader.text())
    require(0 < len(term[0]) <= 255 and len(term[-1]) <= 1024 and term[0] not in UNBINDABLE)
    return form, *term


def read_header(data):
    reader, header = Reader(data), {}
    require(reader.take(4) == b"sr1\0")
    header["purpose"], header["suite"], header["mode"] = reader.take(3)
    require(header["purpose"] in PURPOSES and header["suite"] in SUITES)
    require(header["mode"] in (1, 2))
    header["workspace"], header["context"] = reader.take(16), reader.take(32)
    header["terms"] = []
    locked = reader.byte()
    require(locked in (0, 1))
    if locked:
        header["terms"] = [read_term(reader) for _ in range(reader.byte())]
        require(1 <= len(header["terms"]) <= 8)
        require(all(a < b for a, b in zip(header["terms"], header["terms"][1:])))
        reader.take(32)
    has_object = reader.byte()
    require(has_object in (0, 1))
    reader.take(24 * has_object)
    require(not reader.data)
    require(has_object == (header["purpose"] == 2))
    require(header["suite"] not in ONE_SHOT or header["purpose"] not in (3, 6))
    require(header["mode"] == 2 or not (locked or header["purpose"] in (2, 3, 4)))
    return header


def read_blob(blob):
    reader = Reader(blob)
    header_bytes = reader.part()
    require(len(header_bytes) <= 65536 - 8)
    header = read_header(header_bytes)
    part = Reader(reader.part())
    version = part.take(4)
    require((header["mode"] == 1) == (part.data == b""))
    require(header["purpose"] != 4 or not reader.data)
    return header, header_bytes, version, part.data, reader.data


def value(claim):
    if isinstance(claim, bool):
        return b"\3" + bytes([claim])
    if isinstance(claim, int):
        return b"\2" + struct.pack(">q", claim)
    if isinstance(claim, str):
        return b"\1" + item(claim.encode())
    return b"\4" + frame(*sorted(member.encode() for member in claim))


def resolve(terms, claims):
    """count ‖ (term ‖ value)*"""
    out = u32(len(terms))
    for form, name, *member in terms:
        claim = claims.get(name.decode())
        if claim is None:
            raise CannotOpen
        if form == 2:
            if not isinstance(claim, list) or member[0].decode() not in claim:
                raise CannotOpen
            claim = member[0].decode()
        out += bytes([form]) + b"".join(map(item, (name, *member))) + value(claim)
    return out


def open_chunked(suite, key, context, sealed):
    try:
        if suite in ONE_SHOT:
            return open_one_shot(suite, key, context, sealed)
        if suite in AEADS:
            return open_written_out(*AEADS[suite], key, context, sealed)
        decryptor = COBBLESTONE[suite][1](key, context)
        return decryptor.update(sealed) + decryptor.finalize()
    except (InvalidSignature, InvalidTag, ValueError):
        raise CannotOpen from None


def open_one_shot(suite, key, context, sealed):
    salt, commitment, rest = sealed[:24], sealed[24:56], sealed[56:]
    info = b"strongroom/v1/one-shot-message" + frame(SUITES[suite], salt, context)
    okm = HKDFExpand(hashes.SHA512(), 76 if suite == 7 else 112, info).derive(key)
    if okm[-32:] != commitment:
        raise CannotOpen
    if suite == 7:
        return AESCCM(okm[:32], tag_length=16).decrypt(okm[32:44], rest, None)
    encrypted, tag, iv = rest[:-32], rest[-32:], okm[64:80]
    mac = hmac.HMAC(okm[32:64], hashes.SHA256())
    mac.update(item(context) + iv + encrypted)
    mac.verify(tag)
    mode = modes.CBC(iv) if suite == 5 else modes.CTR(iv)
    decryptor = Cipher(algorithms.AES(okm[:32]), mode).decryptor()
    plaintext = decryptor.update(encrypted) + decryptor.finalize()
    if suite == 6:
        return plaintext
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(plaintext) + unpadder.finalize()


def open_written_out(name, aead, key, context, sealed):
    salt, commitment, chunks = sealed[:24], sealed[24:56], sealed[56:]
    info = b"c2sp.org/chunked-encryption@v1+" + name + b"\0" + salt + context
    okm = HKDFExpand(hashes.SHA512(), 76, info).derive(key)
    if okm[44:] != commitment or len(chunks) % 16400 < 16:
        raise CannotOpen
    cipher, base, plaintext = aead(okm[:32]), int.from_bytes(okm[32:44], "big"), b""
    for number in range(len(chunks) // 16400 + 1):
        nonce = (base ^ number).to_bytes(12, "big")
        plaintext += cipher.decrypt(nonce, chunks[number * 16400 :][:16400], None)
    return plaintext


def open_sr1(given, data_key_only):
    header, header_bytes, version, wrapped, body = read_blob(given("blob_hex"))
    suite, names = header["suite"], (PURPOSES[header["purpose"]], SUITES[header["suite"]])
    place = (given("workspace_hex"), given("context_hex"))
    version_given = u32(int(given("key_version")))
    if (header["workspace"], header["context"], version) != (*place, version_given):
        raise CannotOpen
    if data_key_only != (header["purpose"] == 4):
        raise CannotOpen
    length = COBBLESTONE.get(suite, (32,))[0]
    key = derive(given("context_seed_hex"), b"context-key", *place, version)
    data = item(given("associated_data_hex") or b"")
    if header["mode"] == 1:
        body_key = derive(key, b"body", *names, length=length)
        return open_chunked(suite, body_key, header_bytes + version + data, body)
    outer = derive(key, b"wrapping", *names, length=length)
    context = b"strongroom/v1/key-part" + header_bytes + version
    data_key = open_chunked(suite, outer, context, wrapped)
    if header["terms"]:
        data_key = open_locked(given, header, header_bytes, length, data_key)
    elif given("claims") is not None:
        raise CannotOpen
    if data_key_only:
        return data_key
    body_key = derive(data_key, b"data-body", *names, length=length)
    return open_chunked(suite, body_key, header_bytes + data, body)


def open_locked(given, header, header_bytes, length, inner):
    if given("claims") is None:
        raise CannotOpen
    place = (given("workspace_hex"), given("context_hex"))
    secret = derive(given("lock_seed_hex"), b"lock-secret", *place)
    values = resolve(header["terms"], json.loads(given("claims")))
    lock = (PURPOSES[header["purpose"]], given("issuer_hex"), values)
    lock_key = derive(secret, b"lock-key", *lock)
    inner_key = derive(lock_key, b"locked-wrapping", SUITES[header["suite"]], length=length)
    context = b"strongroom/v1/locked-part" + header_bytes
    return open_chunked(header["suite"], inner_key, context, inner)


def read(vector):
    def given(name):
        text = vector["input"].get(name)
        return bytes.fromhex(text) if text is not None and name.endswith("_hex") else text

    if vector["format"] in ("chunked", "one-shot"):
        suite = {name.decode(): code for code, name in SUITES.items()}[given("suite")]
        return open_chunked(suite, given("key_hex"), given("context_hex"), given("sealed_hex"))
    return open_sr1(given, vector["format"] == "sr1-data-key")


def outcome(vector):
    try:
        return "ok", read(vector).hex()
    except Malformed:
        return "malformed", None
    except CannotOpen:
        return "cannot_open", None


def main():
    vectors = [json.loads(path.read_text()) for path in sorted(VECTORS.glob("*.json"))]
    vectors = [v for v in vectors if v["format"] in ("sr1", "sr1-data-key", "chunked", "one-shot")]
    counts, wrong = {}, 0
    for vector in vectors:
        got, plaintext = outcome(vector)
        counts[got] = counts.get(got, 0) + 1
        right = got == vector["expect"] and plaintext == vector["output"].get("plaintext_hex")
        if not right:
            wrong += 1
            print(f"{vector['name']}: expected {vector['expect']}, got {got}")
    print(f"sr1: {len(vectors)} vectors read, {wrong} wrong: {counts}")
    enough = all(counts.get(kind, 0) >= 10 for kind in ("ok", "malformed", "cannot_open"))
    return 0 if enough and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())

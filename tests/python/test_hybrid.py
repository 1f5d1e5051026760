"""An independent reader of docs/formats/hybrid.md, over PyPI's cryptography and kyber-py: shared secrets of
all five algorithms, X-Wing's among them, and what is sealed to them; and of what docs/formats/sr1.md seals
to a public key of X-Wing. Opens every `ok` vector and refuses every other one."""

import hashlib
import json
import struct
import sys
from pathlib import Path

from cryptography.cobblestone import Cobblestone256Decryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from kyber_py.ml_kem import ML_KEM_512, ML_KEM_768, ML_KEM_1024

VECTORS = Path(__file__).parents[2] / "vectors" / "crypto"
FORMATS = ("hybrid", "kem", "seal-to")
LABEL = b"strongroom/v1/"
# Code, ML-KEM, bytes of its private key, its public key and its ciphertext; the curve, bytes of its
# private key, and the hash of the combiner.
ALGORITHMS = {
    "X25519+ML-KEM-512": (1, ML_KEM_512, (1632, 800, 768), None, 32, None),
    "X25519+ML-KEM-768": (2, ML_KEM_768, (2400, 1184, 1088), None, 32, None),
    "X25519+ML-KEM-1024": (3, ML_KEM_1024, (3168, 1568, 1568), None, 32, None),
    "P-256+ML-KEM-768": (4, ML_KEM_768, (2400, 1184, 1088), ec.SECP256R1(), 32, hashes.SHA256()),
    "P-384+ML-KEM-1024": (5, ML_KEM_1024, (3168, 1568, 1568), ec.SECP384R1(), 48, hashes.SHA384()),
}


class Refused(Exception):
    """It does not open."""


def u32(number):
    return struct.pack(">I", number)


def frame(*parts):
    return u32(len(parts)) + b"".join(u32(len(part)) + part for part in parts)


def agree(curve, private, public):
    try:
        if curve is None:
            key = x25519.X25519PrivateKey.from_private_bytes(private)
            return key.exchange(x25519.X25519PublicKey.from_public_bytes(public))
        key = ec.derive_private_key(int.from_bytes(private, "big"), curve)
        return key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(curve, public))
    except ValueError:
        raise Refused from None


def combine(name, secrets, ciphertexts, public):
    (ss_m, ss_c), (ct_m, ct_c), (pk_m, pk_c) = secrets, ciphertexts, public
    if name == "X25519+ML-KEM-768":
        return hashlib.sha3_256(ss_m + ss_c + ct_c + pk_c + rb"\.//^" + b"\\").digest()
    label, hash = LABEL + b"combined-hybrid-secret", ALGORITHMS[name][5]
    if hash is None:
        parts = ss_m + ss_c + ct_c + pk_c + ct_m + pk_m + label + name.encode()
        return hashlib.sha3_256(parts).digest()
    information = label + frame(name.encode(), ct_m + ct_c, pk_m + pk_c)
    return ConcatKDFHash(hash, 32, information).derive(ss_c + ss_m)


class Key:
    def __init__(self, name, private):
        code, ml_kem, (dk, ek, ct), curve, scalar, _ = ALGORITHMS[name]
        self.name, self.code, self.ml_kem, self.ct, self.curve = name, code, ml_kem, ct, curve
        self.dk, rest = private[:dk], private[dk:]
        self.scalar, rest = rest[:scalar], rest[scalar:]
        self.pk_c, self.pk_m = rest[:-ek], rest[-ek:]
        self.public = self.pk_m + self.pk_c
        framed = frame(name.encode(), self.public)
        self.digest = hashlib.sha256(LABEL + b"digest-of-hybrid-key" + framed).digest()

    def ciphertext_bytes(self):
        return self.ct + len(self.pk_c)

    def decapsulate(self, ciphertext):
        ct_m, ct_c = ciphertext[: self.ct], ciphertext[self.ct :]
        ss_c = agree(self.curve, self.scalar, ct_c)
        secrets = (self.ml_kem.decaps(self.dk, ct_m), ss_c)
        return combine(self.name, secrets, (ct_m, ct_c), (self.pk_m, self.pk_c))

    def open(self, sealed, data):
        header, rest = sealed[:37], sealed[37:]
        if header != b"srh1" + bytes([self.code]) + self.digest:
            raise Refused
        at = self.ciphertext_bytes()
        ciphertext, body = rest[:at], rest[at:]
        shared = self.decapsulate(ciphertext)
        info = LABEL + b"hybrid-seal" + frame(self.name.encode())
        key = HKDFExpand(hashes.SHA256(), 32, info).derive(shared)
        framed = frame(header, self.public, ciphertext, data)
        try:
            opening = Cobblestone256Decryptor(key, LABEL + b"sealed-to-hybrid-key" + framed)
            return opening.update(body) + opening.finalize()
        except (InvalidTag, ValueError):
            raise Refused from None


def open_sealed_to(key, sealed, context):
    ciphertext, body = sealed[: key.ciphertext_bytes()], sealed[key.ciphertext_bytes() :]
    if len(ciphertext) < key.ciphertext_bytes():
        raise Refused
    shared = key.decapsulate(ciphertext)
    opened = HKDFExpand(hashes.SHA256(), 32, LABEL + b"seal-to" + frame()).derive(shared)
    framed = frame(key.public, ciphertext, context)
    try:
        opening = Cobblestone256Decryptor(opened, LABEL + b"context-of-seal-to" + framed)
        return opening.update(body) + opening.finalize()
    except (InvalidTag, ValueError):
        raise Refused from None


def read(vector):
    def given(name):
        return bytes.fromhex(vector["input"][name + "_hex"])

    if vector["format"] == "seal-to":
        key = Key("X25519+ML-KEM-768", given("private_key"))
        plaintext = open_sealed_to(key, given("sealed"), given("context"))
        return {"plaintext_hex": plaintext.hex(), "public_key_hex": key.public.hex()}

    key = Key(vector["input"]["algorithm"], given("private_key"))
    if vector["format"] == "hybrid":
        plaintext = key.open(given("sealed"), given("associated_data"))
        return {"plaintext_hex": plaintext.hex()}
    shared = key.decapsulate(given("ciphertext"))
    return {
        "digest_hex": key.digest.hex(),
        "public_key_hex": key.public.hex(),
        "shared_hex": shared.hex(),
    }


def main():
    vectors = [json.loads(path.read_text()) for path in sorted(VECTORS.glob("*.json"))]
    vectors = [vector for vector in vectors if vector["format"] in FORMATS]
    wrong, opened = 0, 0
    for vector in vectors:
        try:
            got = read(vector)
        except Refused:
            got = None
        opened += got is not None
        if got != (vector["output"] if vector["expect"] == "ok" else None):
            wrong += 1
            print(f"{vector['name']}: expected {vector['expect']}, got {got}")
    print(f"hybrid: {len(vectors)} vectors read, {opened} opened, {wrong} wrong")
    return 0 if opened == 2 * len(ALGORITHMS) + 1 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())

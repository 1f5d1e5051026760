"""An independent writer of what CryptoServe sealed: docs/formats/cryptoserve.md in Python, over PyPI's
cryptography and kyber-py. Nothing is drawn, so that it makes the same files each time:

    python tests/python/test_cryptoserve.py            compares vectors/cryptoserve with what it makes
    python tests/python/test_cryptoserve.py --write    writes them

Besides the vectors, one fault a file, it makes a database in their schema (`database/contents.sql`), with
ciphertexts of its keys (`database/ciphertexts.json`)."""

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from kyber_py.ml_kem import ML_KEM_768, ML_KEM_1024

FOLDER = Path(__file__).parents[2] / "vectors" / "cryptoserve"
MASTER = "8f1d0c2b3a495867a6b5c4d3e2f1009f8e7d6c5b4a39281706f5e4d3c2b1a0ff"
SALT = "salt-of-the-test"
LOCAL_SALT = "cryptoserve-local-salt"
TENANT = "3f0c6a52-7b0e-4c0e-9d0a-5a4f0e6b7c81"
OTHER_TENANT = "b7e5d1c4-0a1b-4c2d-8e3f-9a0b1c2d3e4f"
TEXT = b"the quick brown fox jumps over 13 lazy dogs"
EARLY, LATE = ["cs-v1", "cs-v2", "cs-v3"], ["cs-v3"]


def b64(data):
    return base64.b64encode(data).decode()


def drawn(what, length):
    """Bytes that look random, and are the same each time."""
    return hashlib.shake_128(what.encode()).digest(length)


def hkdf(secret, salt, info, length):
    salt = None if salt is None else salt.encode()
    return HKDF(hashes.SHA256(), length, salt, info.encode()).derive(secret)


def by_tenant(context, version, length, salt=LOCAL_SALT, tenant=TENANT):
    info = f"{context}:{tenant}:v{version}:sz{length}"
    return hkdf(MASTER.encode(), salt, info, length)


def by_context(context, version, length, salt=LOCAL_SALT):
    return hkdf(MASTER.encode(), salt, f"{context}:v{version}:sz{length}", length)


def by_length(context, version, length, salt=SALT):
    return hkdf(MASTER.encode(), salt, f"{context}:{version}:{length}", length)


def first(context, version, _length):
    return hkdf(MASTER.encode(), "cryptoserve-v1", f"{context}:{version}", 32)


def frame(header, body):
    header = json.dumps(header, separators=(",", ":")).encode()
    return len(header).to_bytes(2, "big") + header + body


def commitment(key):
    return hmac.new(key, b"key-commitment-v1", hashlib.sha256).digest()


def mac(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def cbc(key, mac_key, iv, text):
    padder = padding.PKCS7(128).padder()
    padded = padder.update(text) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    sealed = encryptor.update(padded) + encryptor.finalize()
    return sealed + mac(mac_key, iv, sealed)


def sub_keys(key):
    salt = "crypto-serve-v1"
    return hkdf(key, salt, "encryption", len(key)), hkdf(key, salt, "authentication", 32)


def xts(key, nonce, text):
    tweak = nonce + bytes(4)
    encryptor = Cipher(algorithms.AES(key), modes.XTS(tweak)).encryptor()
    sealed = encryptor.update(text) + encryptor.finalize()
    return sealed + mac(sub_keys(key[:32])[1], tweak, sealed)


def body_of(alg, mode, key, nonce, text, aad):
    if alg.startswith("ChaCha20"):
        return ChaCha20Poly1305(key).encrypt(nonce, text, aad)
    if mode in ("gcm", "gcm-siv"):
        return AESGCM(key).encrypt(nonce, text, aad)
    if mode == "ccm":
        return AESCCM(key, tag_length=16).encrypt(nonce, text, aad)
    if mode == "cbc":
        return cbc(*sub_keys(key), nonce, text)
    return xts(key, nonce, text)


def v3(key, alg="AES-256-GCM", mode="gcm", aad=None, ctx="user-pii", kid="key_1", text=TEXT, **change):
    nonce = drawn(f"nonce {alg} {mode} {aad} {text}", 16 if mode == "cbc" else 12)
    header = {"v": 3, "ctx": ctx, "kid": kid, "alg": alg, "mode": mode, "nonce": b64(nonce)}
    header["kc"] = b64(commitment(key))
    if aad is not None:
        header["aad"] = True
    body = body_of(alg, mode, key, nonce, text, aad)
    for field, value in change.items():
        if value is None:
            header.pop(field, None)
        else:
            header[field] = value
    return frame(header, body)


def v2(key, alg="AES-256-GCM", mode="gcm", ctx="user-pii", kid="key_1", text=TEXT):
    nonce = drawn(f"v2 nonce {alg} {mode}", 16 if mode == "cbc" else 12)
    header = {"v": 2, "ctx": ctx, "kid": kid, "alg": alg, "mode": mode, "nonce": b64(nonce)}
    key = key.ljust(32, b"\0")
    if mode == "cbc":
        return frame(header, cbc(key, key, nonce, text))
    mode = "gcm" if mode == "xts" else mode
    return frame(header, body_of(alg, mode, key, nonce, text, None))


def v1(key, ctx="user-pii", kid="key_1", alg="AES-256-GCM", text=TEXT):
    nonce = drawn("v1 nonce", 12)
    header = {"v": 1, "ctx": ctx, "kid": kid, "alg": alg, "nonce": b64(nonce)}
    return frame(header, AESGCM(key).encrypt(nonce, text, None))


def v4(key, ctx="user-pii", kid="key_1", alg="AES-256-GCM", aad=None, text=TEXT, **change):
    nonce = drawn(f"v4 nonce {alg} {aad}", 12)
    header = {"v": 4, "ctx": ctx, "kid": kid, "alg": alg, "nonce": b64(nonce), "local": True}
    if aad is not None:
        header["aad_len"] = len(aad)
    header.update(change)
    return frame(header, body_of(alg, "gcm", key, nonce, text, aad))


KEMS = {"ML-KEM-768": ML_KEM_768, "ML-KEM-1024": ML_KEM_1024}


class Hybrid:
    """A row of `pqc_keys`, and what is sealed to it."""

    def __init__(self, mode, context="quantum-ready", salt=LOCAL_SALT):
        self.mode, self.context = mode, context
        self.algorithm = mode.split("+")[1]
        self.kem = KEMS[self.algorithm]
        self.id = drawn(f"kid {mode} {context}", 16).hex()
        self.public, self.private = self.kem._keygen_internal(drawn(f"d {mode}", 32), drawn("z", 32))
        self.nonce = drawn(f"row nonce {mode}", 12)
        place = f"{context}:{self.id}:{mode}".encode()
        wrapping = by_context(context, 1, 32, salt)
        self.wrapped = AESGCM(wrapping).encrypt(self.nonce, self.private, place)

    def seal(self, aad=None, text=TEXT, **change):
        shared, encapsulated = self.kem._encaps_internal(self.public, drawn(f"m {self.mode}", 32))
        key = hkdf(shared, None, f"cryptoserve-hybrid-v1{self.id}", 32)
        nonce = drawn(f"hybrid nonce {self.mode} {aad}", 12)
        header = {"v": 1, "mode": self.mode, "kid": self.id, "nonce": b64(nonce)}
        header["kem_ct_len"] = len(encapsulated)
        header.update(change)
        alg = self.mode.split("+")[0]
        return frame(header, encapsulated + body_of(alg, "gcm", key, nonce, text, aad))


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def rewrite(data, **change):
    """The same body behind another header."""
    length = int.from_bytes(data[:2], "big")
    header = json.loads(data[2 : 2 + length])
    for field, value in change.items():
        if value is None:
            del header[field]
        else:
            header[field] = value
    return frame(header, data[2 + length :])


class Vectors:
    def __init__(self):
        self.files = {}

    def add(self, name, expect, about, data, aad=None, formats=LATE, text=TEXT, row=None, **key):
        given = {"master_key": MASTER, "salts": json.dumps([SALT]), "ciphertext_hex": data.hex()}
        if aad is not None:
            given["associated_data_hex"] = aad.hex()
        if row is None:
            given |= {"context": "user-pii", "tenant": TENANT, "version": "1"}
            given["formats"] = json.dumps(formats)
        else:
            given |= {"context": row.context, "key_id": row.id, "algorithm": row.algorithm}
            given |= {"wrapped_hex": row.wrapped.hex(), "nonce_hex": row.nonce.hex()}
        given |= key
        vector = {
            "name": f"cryptoserve-{name}",
            "format": "cryptoserve",
            "expect": expect,
            "about": about,
            "input": given,
            "output": {"plaintext_hex": text.hex()} if expect == "ok" else {},
        }
        self.files[f"cryptoserve-{name}.json"] = json.dumps(vector, indent=2, sort_keys=False) + "\n"


def good(add):
    key = by_tenant("user-pii", 1, 32)
    aad = b"row 7"
    add("v3-gcm", "ok", "AES-256-GCM", v3(key))
    add("v3-empty", "ok", "an empty plaintext", v3(key, text=b""), text=b"")
    add("v3-aad", "ok", "associated data", v3(key, aad=aad), aad)
    short = by_tenant("user-pii", 1, 16)
    add("v3-128", "ok", "AES-128-GCM", v3(short, "AES-128-GCM"))
    middle = by_tenant("user-pii", 1, 24)
    add("v3-192", "ok", "AES-192-GCM", v3(middle, "AES-192-GCM"))
    add("v3-siv", "ok", "what they call GCM-SIV is GCM", v3(key, "AES-256-GCM-SIV", "gcm-siv"))
    add("v3-chacha", "ok", "ChaCha20-Poly1305, which says gcm", v3(key, "ChaCha20-Poly1305", "gcm", aad), aad)
    add("v3-chacha-ctr", "ok", "ChaCha20-Poly1305, which says ctr", v3(key, "ChaCha20-Poly1305", "ctr"))
    add("v3-ccm", "ok", "AES-256-CCM", v3(key, "AES-256-CCM", "ccm", aad), aad)
    add("v3-ccm-128", "ok", "AES-128-CCM", v3(short, "AES-128-CCM", "ccm"))
    add("v3-cbc", "ok", "AES-256-CBC under keys of its key", v3(key, "AES-256-CBC", "cbc"))
    add("v3-cbc-128", "ok", "AES-128-CBC", v3(short, "AES-128-CBC", "cbc"))
    whole = b"0123456789abcdef"
    add("v3-cbc-block", "ok", "a whole block, and one of padding", v3(key, "AES-256-CBC", "cbc", text=whole), text=whole)
    both = by_tenant("user-pii", 1, 64)
    for name, length in [("one", 16), ("cut", 43), ("whole", 48), ("nearly", 31)]:
        text = drawn("xts", length)
        add(f"v3-xts-{name}", "ok", f"XTS of {length} bytes, which says AES-128-GCM", v3(both, "AES-128-GCM", "xts", text=text), text=text)
    add("v3-salt", "ok", "the salt that was set", v3(by_tenant("user-pii", 1, 32, SALT)))
    add("v3-by-context", "ok", "derived without the tenant", v3(by_context("user-pii", 1, 32)))
    add("v3-by-length", "ok", "derived with other separators", v3(by_length("user-pii", 1, 32)), formats=EARLY)
    add("v3-first", "ok", "derived as the first release did", v3(first("user-pii", 1, 32)), formats=EARLY)
    add("v2-gcm", "ok", "AES-256-GCM, committed to no key", v2(by_length("user-pii", 1, 32)), formats=EARLY)
    add("v2-128", "ok", "a key of 16 bytes, filled up with zeros", v2(by_length("user-pii", 1, 16), "AES-128-GCM"), formats=EARLY)
    add("v2-cbc", "ok", "CBC and HMAC under the key itself", v2(by_length("user-pii", 1, 32), "AES-256-CBC", "cbc"), formats=EARLY)
    add("v2-xts", "ok", "what they called XTS then was GCM", v2(by_length("user-pii", 1, 32), "AES-256-XTS", "xts"), formats=EARLY)
    add("v2-ccm", "ok", "AES-256-CCM", v2(by_length("user-pii", 1, 32), "AES-256-CCM", "ccm"), formats=EARLY)
    add("v2-chacha", "ok", "ChaCha20-Poly1305", v2(by_length("user-pii", 1, 32), "ChaCha20-Poly1305"), formats=EARLY)
    add("v1-first", "ok", "the first format under the first derivation", v1(first("user-pii", 1, 32)), formats=EARLY)
    add("v1-by-tenant", "ok", "the first format under the present derivation", v1(key), formats=EARLY)
    sdk = ["cs-v3", "cs-sdk-v4"]
    add("v4-gcm", "ok", "sealed by their SDK", v4(key), formats=sdk)
    add("v4-aad", "ok", "associated data, whose length is said", v4(key, aad=aad), aad, formats=sdk)
    add("v4-chacha", "ok", "ChaCha20-Poly1305", v4(key, alg="ChaCha20-Poly1305"), formats=sdk)
    for name, mode in MODES.items():
        row = Hybrid(mode)
        add(f"hybrid-{name}", "ok", mode, row.seal(), row=row)
        add(f"hybrid-{name}-aad", "ok", "associated data, of which it says nothing", row.seal(aad), aad, row=row)
    row = Hybrid("AES-256-GCM+ML-KEM-768", salt=SALT)
    add("hybrid-salt", "ok", "wrapped under the salt that was set", row.seal(), row=row)


MODES = {
    "768": "AES-256-GCM+ML-KEM-768",
    "1024": "AES-256-GCM+ML-KEM-1024",
    "chacha": "ChaCha20-Poly1305+ML-KEM-768",
}


def malformed(add):
    key = by_tenant("user-pii", 1, 32)
    sealed = v3(key)
    bad = lambda name, about, data, **more: add(name, "malformed", about, data, **more)
    for field in ["ctx", "kid", "alg", "mode", "nonce", "kc"]:
        bad(f"no-{field}", f"v3 without {field}", rewrite(sealed, **{field: None}))
    for field in ["ctx", "kid", "alg", "nonce"]:
        bad(f"v1-no-{field}", f"v1 without {field}", rewrite(v1(key), **{field: None}), formats=EARLY)
    bad("v0", "a version that there never was", rewrite(sealed, v=0))
    bad("v5", "a version that there never was", rewrite(sealed, v=5))
    bad("v3-as-v2", "the commitment beside another version", rewrite(sealed, v=2), formats=EARLY)
    bad("v3-as-v1", "mode and commitment beside another version", rewrite(sealed, v=1), formats=EARLY)
    bad("unknown-field", "a field that there never was", rewrite(sealed, more=1))
    bad("unknown-algorithm", "an algorithm that there never was", rewrite(sealed, alg="DES-56-GCM"))
    bad("algorithm-of-no-length", "AES of 257 bits", rewrite(sealed, alg="AES-257-GCM"))
    bad("mode-ctr", "CTR, which never sealed anything", rewrite(sealed, mode="ctr"))
    bad("mode-unknown", "a mode that there never was", rewrite(sealed, mode="ofb"))
    bad("nonce-short", "a nonce of 11 bytes", rewrite(sealed, nonce=b64(bytes(11))))
    bad("nonce-long", "a nonce of 16 bytes", rewrite(sealed, nonce=b64(bytes(16))))
    bad("nonce-no-base64", "a nonce that is no base64", rewrite(sealed, nonce="!"))
    bad("cbc-nonce-short", "an IV of 12 bytes", rewrite(v3(key, "AES-256-CBC", "cbc"), nonce=b64(bytes(12))))
    bad("commitment-short", "a commitment of 31 bytes", rewrite(sealed, kc=b64(bytes(31))))
    bad("aad-false", "what they never wrote", rewrite(sealed, aad=False))
    bad("context-long", "a name of 65 characters", rewrite(sealed, ctx="x" * 65))
    bad("key-empty", "a key without a name", rewrite(sealed, kid=""))
    bad("v4-not-local", "v4 that is not local", rewrite(v4(key), local=False))
    bad("v4-commitment", "v4 with a commitment", rewrite(v4(key), kc=b64(bytes(32))))
    bad("empty", "no bytes", b"")
    bad("length-only", "a length and no header", b"\0\x40")
    bad("header-cut", "a header that ends too early", sealed[:40])
    bad("header-no-json", "a header that is no JSON", b"\0\x02{}" + sealed)
    bad("header-long", "a header of more than 1024 bytes", rewrite(sealed, kid="k" * 1100))
    bad("sr1", "what Strongroom seals", b"\0\0\0\x40sr1\0" + bytes(64))
    row = Hybrid(MODES["768"])
    bad("hybrid-length", "another length of the KEM ciphertext", row.seal(kem_ct_len=1087), row=row)
    bad("hybrid-mode", "a mode that there never was", row.seal(mode="AES-256-GCM+ML-KEM-512"), row=row)
    bad("hybrid-as-v3", "another version", row.seal(v=3), row=row)


def refused(add):
    key, aad = by_tenant("user-pii", 1, 32), b"row 7"
    sealed = v3(key)
    bad = lambda name, about, data, *more, **most: add(name, "cannot_open", about, data, *more, **most)
    bad("tag", "a bit of the tag", flip(sealed, -1))
    bad("body", "a bit of the body", flip(sealed, -20))
    bad("body-cut", "a byte less", sealed[:-1])
    bad("body-empty", "no body", v3(key)[: 2 + int.from_bytes(sealed[:2], "big")])
    bad("commitment", "a bit of the commitment", rewrite(sealed, kc=b64(flip(commitment(key), 0))))
    other = by_tenant("user-pii", 2, 32)
    bad("other-version", "another version of the key", v3(other))
    bad("other-tenant", "another tenant's key", v3(by_tenant("user-pii", 1, 32, tenant=OTHER_TENANT)))
    bad("other-context", "another context's key", v3(by_tenant("health-data", 1, 32)))
    bad("other-salt", "a salt that was not named", v3(by_tenant("user-pii", 1, 32, "another")))
    bad("wrong-aad", "other associated data", v3(key, aad=aad), b"row 8")
    bad("no-aad", "associated data that is missing", v3(key, aad=aad))
    bad("more-aad", "associated data that it says it has not", sealed, aad)
    bad("aad-said", "associated data that it has not, and says it has", rewrite(sealed, aad=True), aad)
    bad("nonce-other", "another nonce", rewrite(sealed, nonce=b64(bytes(12))))
    bad("alg-other", "another algorithm", rewrite(sealed, alg="ChaCha20-Poly1305"))
    bad("mode-other", "another mode", rewrite(sealed, mode="ccm"))
    bare = {"v": 1, "mode": None, "kc": None}
    bad("downgrade-v1", "v3 said to be v1, without its commitment", rewrite(sealed, **bare))
    bad("downgrade-v2", "v3 said to be v2, without its commitment", rewrite(sealed, v=2, kc=None))
    local = {"v": 4, "mode": None, "kc": None, "local": True}
    bad("downgrade-v4", "v3 said to be the SDK's, without its commitment", rewrite(sealed, **local))
    bad("cbc-mac", "a bit of the MAC", flip(v3(key, "AES-256-CBC", "cbc"), -1))
    bad("cbc-padding", "a bit of the last block", flip(v3(key, "AES-256-CBC", "cbc"), -40))
    bad("cbc-aad", "associated data beside CBC", v3(key, "AES-256-CBC", "cbc"), aad)
    bad("cbc-raw", "CBC of v3 under the key itself", frame_cbc_raw(key))
    bad("cbc-short", "less than a MAC", v3(key, "AES-256-CBC", "cbc")[:-60])
    bad("ccm-tag", "a bit of the tag", flip(v3(key, "AES-256-CCM", "ccm"), -1))
    bad("chacha-tag", "a bit of the tag", flip(v3(key, "ChaCha20-Poly1305"), -1))
    both = by_tenant("user-pii", 1, 64)
    bad("xts-mac", "a bit of the MAC", flip(v3(both, "AES-128-GCM", "xts"), -1))
    bad("v1-tag", "a bit of the tag", flip(v1(key), -1), formats=EARLY)
    bad("v2-filled", "a key that was not filled up", short_v2(), formats=EARLY)
    bad("v4-length", "another length of associated data", v4(key, aad=aad, aad_len=6), aad, formats=["cs-sdk-v4"])
    bad("v4-tag", "a bit of the tag", flip(v4(key), -1), formats=["cs-sdk-v4"])
    row = Hybrid(MODES["768"])
    bad("hybrid-tag", "a bit of the tag", flip(row.seal(), -1), row=row)
    bad("hybrid-kem", "a bit of the KEM ciphertext", flip(row.seal(), -900), row=row)
    bad("hybrid-aad", "other associated data", row.seal(aad), b"row 8", row=row)
    bad("hybrid-kid", "another name of the key, which takes part", row.seal(kid="0" * 32), row=row)
    bad("hybrid-cut", "less than a KEM ciphertext", row.seal()[:900], row=row)
    larger = Hybrid(MODES["1024"])
    bad("hybrid-other-set", "another parameter set's key", larger.seal(), row=row)
    bad("hybrid-symmetric", "a key of ML-KEM for what is not hybrid", v3(key, kid=row.id), row=row)
    bad("v3-of-hybrid", "a symmetric key for what is hybrid", row.seal())


def frame_cbc_raw(key):
    iv = drawn("raw", 16)
    header = {"v": 3, "ctx": "user-pii", "kid": "key_1", "alg": "AES-256-CBC", "mode": "cbc"}
    header |= {"nonce": b64(iv), "kc": b64(commitment(key))}
    return frame(header, cbc(key, key, iv, TEXT))


def short_v2():
    sealed = v3(by_length("user-pii", 1, 16), "AES-128-GCM")
    return rewrite(sealed, v=2, kc=None)


# A database of theirs.

SCHEMA = """CREATE TABLE tenants (id VARCHAR(36) PRIMARY KEY, slug VARCHAR(64) NOT NULL, name VARCHAR(256) NOT NULL);
CREATE TABLE contexts (name VARCHAR(64) PRIMARY KEY, display_name VARCHAR(128) NOT NULL, description TEXT NOT NULL, config TEXT, derived TEXT, algorithm VARCHAR(64) NOT NULL, created_at TIMESTAMP NOT NULL);
CREATE TABLE keys (id VARCHAR(64) PRIMARY KEY, tenant_id VARCHAR(36) NOT NULL, context VARCHAR(64) NOT NULL, version INTEGER NOT NULL, created_at TIMESTAMP NOT NULL, status VARCHAR(7) NOT NULL);
CREATE TABLE pqc_keys (id VARCHAR(64) PRIMARY KEY, tenant_id VARCHAR(36) NOT NULL, context VARCHAR(64) NOT NULL, key_type VARCHAR(9) NOT NULL, algorithm VARCHAR(32) NOT NULL, public_key @BLOB NOT NULL, encrypted_private_key @BLOB NOT NULL, private_key_nonce @BLOB NOT NULL, created_at TIMESTAMP NOT NULL, status VARCHAR(7) NOT NULL);
CREATE TABLE applications (id VARCHAR(64) PRIMARY KEY, tenant_id VARCHAR(36) NOT NULL, user_id VARCHAR(36) NOT NULL, name VARCHAR(256) NOT NULL, description VARCHAR(1024), team VARCHAR(64) NOT NULL, environment VARCHAR(32) NOT NULL, allowed_contexts TEXT NOT NULL, status VARCHAR(16) NOT NULL, created_at TIMESTAMP NOT NULL);
"""


def quoted(value):
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f"@X'{value.hex()}'"
    return "'" + value.replace("'", "''") + "'"


def insert(table, **row):
    values = ", ".join(quoted(value) for value in row.values())
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values});\n"


def database():
    """The rows, with `@BLOB` and `@X` where SQLite and PostgreSQL differ, and ciphertexts of their keys."""
    late, early = "2026-03-01 10:00:00.000000", "2025-12-01 10:00:00.000000"
    sql = SCHEMA
    sql += insert("tenants", id=TENANT, slug="acme", name="Acme")
    sql += insert("tenants", id=OTHER_TENANT, slug="other", name="Other")
    config = {
        "data_identity": {"sensitivity": "critical", "pii": True, "category": "personal_data"},
        "regulatory": {"frameworks": ["GDPR"], "retention": {"minimum_days": 1}},
        "something": "that Strongroom does not know",
    }
    for name, config_text in [("user-pii", json.dumps(config)), ("old-notes", "null"), ("quantum-ready", "{}"), ("theirs-only", "{}")]:
        sql += insert(
            "contexts", name=name, display_name=name.title(), description=f"What {name} is for", config=config_text,
            derived="{}", algorithm="AES-256-GCM", created_at=early,
        )
    keys = [("key_1", TENANT, "user-pii", 1, late, "ROTATED"), ("key_2", TENANT, "user-pii", 2, late, "ACTIVE"),
            ("key_old", TENANT, "old-notes", 1, early, "ACTIVE"), ("key_gone", TENANT, "old-notes", 2, late, "RETIRED"),
            ("key_theirs", OTHER_TENANT, "theirs-only", 1, late, "ACTIVE"), ("key_pii_theirs", OTHER_TENANT, "user-pii", 1, late, "ACTIVE")]
    for key, tenant, context, version, created, status in keys:
        sql += insert("keys", id=key, tenant_id=tenant, context=context, version=version, created_at=created, status=status)
    rows = [Hybrid(mode) for mode in MODES.values()]
    broken = Hybrid(MODES["768"], salt="nobody-knows")
    broken.id = "f" * 32
    for row in rows + [broken]:
        sql += insert(
            "pqc_keys", id=row.id, tenant_id=TENANT, context=row.context, key_type="PQC_KEM", algorithm=row.algorithm,
            public_key=row.public[:16], encrypted_private_key=row.wrapped, private_key_nonce=row.nonce, created_at=late, status="ACTIVE",
        )
    for app, tenant in [("billing", TENANT), ("theirs", OTHER_TENANT)]:
        sql += insert(
            "applications", id=f"app_{app}", tenant_id=tenant, user_id=TENANT, name=app, description="Bills",
            team="money", environment="production", allowed_contexts=json.dumps(["user-pii", "unknown-one"]), status="active", created_at=late,
        )
    return sql, json.dumps(ciphertexts(rows), indent=2) + "\n"


def ciphertexts(rows):
    one, two = by_tenant("user-pii", 1, 32), by_tenant("user-pii", 2, 32, SALT)
    old, gone = first("old-notes", 1, 32), by_tenant("old-notes", 2, 32)
    theirs = by_tenant("user-pii", 1, 32, tenant=OTHER_TENANT)
    aad = b"row 7"
    sealed = {
        "v3": ("user-pii", v3(one), None),
        "v3-aad": ("user-pii", v3(one, aad=aad), aad),
        "v3-cbc": ("user-pii", v3(two, "AES-256-CBC", "cbc", kid="key_2"), None),
        "v3-ccm": ("user-pii", v3(two, "AES-256-CCM", "ccm", kid="key_2"), None),
        "v3-chacha": ("user-pii", v3(two, "ChaCha20-Poly1305", kid="key_2"), None),
        "v3-xts": ("user-pii", v3(by_tenant("user-pii", 1, 64), "AES-128-GCM", "xts"), None),
        "v2": ("old-notes", v2(by_length("old-notes", 1, 32), ctx="old-notes", kid="key_old"), None),
        "v1": ("old-notes", v1(old, ctx="old-notes", kid="key_old"), None),
        "v4": ("user-pii", v4(one), None),
        "retired": ("old-notes", v3(gone, ctx="old-notes", kid="key_gone"), None),
        "theirs": ("user-pii", v3(theirs, kid="key_pii_theirs"), None),
    }
    for name, row in zip(MODES, rows):
        sealed[f"hybrid-{name}"] = (row.context, row.seal(aad), aad)
    write = lambda context, data, aad: {"context": context, "ciphertext": b64(data), "associated_data": aad and b64(aad)}
    return {"master_key": MASTER, "salt": SALT, "tenant": TENANT, "plaintext": b64(TEXT),
            "ciphertexts": {name: write(*one) for name, one in sealed.items()}}


def main():
    made = Vectors()
    for cases in (good, malformed, refused):
        cases(made.add)
    sql, sealed = database()
    files = made.files | {"database/contents.sql": sql, "database/ciphertexts.json": sealed}
    if "--write" in sys.argv[1:]:
        (FOLDER / "database").mkdir(parents=True, exist_ok=True)
        for old in FOLDER.glob("*.json"):
            old.unlink()
        for name, text in files.items():
            (FOLDER / name).write_text(text)
    there = {str(path.relative_to(FOLDER)): path.read_text() for path in FOLDER.rglob("*.*")}
    assert there == files, "vectors/cryptoserve is not what this makes; see --write"
    print(f"test_cryptoserve: {len(made.files)} vectors, one database")


main()

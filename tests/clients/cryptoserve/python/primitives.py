"""Hashes, MACs, passwords and signatures, through `CryptoClient` and through the SDK."""

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from cryptoserve import CryptoClient, CryptoServe

from session import fails, log_in

log_in(os.environ["SESSION"])
sdk = CryptoServe(app_name="signer", contexts=["default", "payment-data"])
saved = next(Path.home().glob(".cryptoserve/apps/*.json"))
tokens = json.loads(saved.read_text())
client = CryptoClient(
    os.environ["SERVER"] + "/api",
    tokens["access_token"],
    refresh_token=tokens["refresh_token"],
)

# What the standard library says, and what this client checks.
for algorithm in ("sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512", "blake2b"):
    name = algorithm.replace("sha3-", "sha3_")
    expected = hashlib.new(name, b"data").hexdigest()
    assert client.hash(b"data", algorithm) == expected, algorithm
    assert client.hash_verify(b"data", expected, algorithm)
    assert not client.hash_verify(b"other", expected, algorithm)
hashed = client.hash_batch([b"a", b"b"])
assert (hashed.succeeded, hashed.failed) == (2, 0)
key = client.generate_mac_key()
assert len(key) == 32 and key != client.generate_mac_key()
expected = hmac.new(key, b"data", "sha256").hexdigest()
assert client.mac(b"data", key) == expected
assert client.mac_verify(b"data", key, expected)
assert not client.mac_verify(b"data", bytes(32), expected)
fails("CryptoServeError", lambda: client.hash(b"data", "md5"))
fails("CryptoServeError", lambda: client.mac(b"data", b"short"))

# Passwords.
stored = client.hash_password("correct horse")
assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
assert client.verify_password("correct horse", stored)["valid"]
assert not client.verify_password("wrong", stored)["valid"]
fails("CryptoServeError", lambda: client.hash_password("x", "bcrypt"))

# Signatures: the algorithm in the client's own spelling, checked without the server too.
for algorithm in ("ed25519", "ECDSA-P256", "ECDSA-P384", "ML-DSA-65"):
    made = client.generate_signing_key(algorithm)
    signature = client.sign(b"message", made["key_id"])
    assert client.verify(b"message", signature, made["key_id"])
    assert not client.verify(b"other", signature, made["key_id"])
    public = load_pem_public_key(made["public_key_pem"].encode())
    if algorithm == "ed25519":
        public.verify(signature, b"message")
        x = base64.urlsafe_b64decode(made["public_key_jwk"]["x"] + "=")
        assert x == public.public_bytes_raw()
    # The SDK signs with the same key.
    again = sdk.sign(b"message", made["key_id"])
    assert sdk.verify_signature(b"message", again, made["key_id"])
    assert not sdk.verify_signature(b"message", again[:-1], made["key_id"])
    # With the public key that it must be of: the right one, another's, and none that is named.
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    stranger = load_pem_public_key(client.generate_signing_key(algorithm)["public_key_pem"].encode())
    stranger = stranger.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    in_text = [base64.b64encode(key).decode() for key in (der, stranger, b"short")]
    for verify, (right, *wrong), kind in (
        (client.verify, in_text, "CryptoServeError"),
        # It says that it takes text, and takes bytes.
        (sdk.verify_signature, (der, stranger, b"short"), "ServerError"),
    ):
        assert verify(b"message", signature, made["key_id"], right)
        assert not verify(b"other", signature, made["key_id"], right)
        for one in wrong:
            assert not verify(b"message", signature, made["key_id"], one)
        fails(kind, lambda: verify(b"message", signature, public_key=right))
fails("CryptoServeError", lambda: client.sign(b"message", "no-such-key"))
fails("CryptoServeError", lambda: client.generate_signing_key("ed448"))

# Another tenant's application neither signs with it nor learns of it.
log_in(os.environ["OTHER"])
other = CryptoServe(app_name="stranger", contexts=["default"])
# Their SDK has no class of its own for a 404.
fails("ServerError", lambda: other.sign(b"message", made["key_id"]), "no such signing key")

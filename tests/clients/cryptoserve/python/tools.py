"""Key exchange, sealing to public keys, JOSE, shares and leases, through `CryptoClient`; each checked
by another implementation where there is one."""

import base64
import hmac
import json
import os
from datetime import datetime

import cryptoserve
import cryptoserve_client
import requests
from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from session import SERVER, fails

body = {"app_name": "tools", "contexts": ["payment-data"]}
path = f"{SERVER}/api/v1/applications/sdk/register"
cookies = {"access_token": os.environ["SESSION"]}
made = requests.post(path, json=body, cookies=cookies, timeout=30).json()


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def exchange(client):
    pair = client.generate_key_exchange_keys("x25519")
    mine = x25519.X25519PrivateKey.generate()
    public = mine.public_key().public_bytes_raw()
    shared = client.derive_shared_secret(pair["private_key"], public, "x25519")
    theirs = x25519.X25519PublicKey.from_public_bytes(pair["public_key"])
    assert shared == mine.exchange(theirs)
    for name, curve in (("ecdh-p256", ec.SECP256R1()), ("ecdh-p384", ec.SECP384R1())):
        pair = client.generate_key_exchange_keys(name)
        mine = ec.generate_private_key(curve)
        point = serialization.PublicFormat.UncompressedPoint
        public = mine.public_key().public_bytes(serialization.Encoding.X962, point)
        shared = client.derive_shared_secret(pair["private_key"], public, name)
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(curve, pair["public_key"])
        assert shared == mine.exchange(ec.ECDH(), theirs)
    fails("CryptoServeError", lambda: client.derive_shared_secret(bytes(32), bytes(32), "x25519"))
    fails("CryptoServeError", lambda: client.generate_key_exchange_keys("secp256k1"))


def hybrid(client):
    pair = client.generate_key_exchange_keys("x25519")
    sealed = client.hybrid_encrypt(b"for you", pair["public_key"])
    assert client.hybrid_decrypt(sealed, pair["private_key"]) == b"for you"
    # It is RFC 9180, so that others open it and seal it.
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    private = x25519.X25519PrivateKey.from_private_bytes(pair["private_key"])
    assert suite.decrypt(sealed, private) == b"for you"
    sealed = suite.encrypt(b"for you too", private.public_key())
    assert client.hybrid_decrypt(sealed, pair["private_key"]) == b"for you too"
    altered = sealed[:-1] + bytes([sealed[-1] ^ 1])
    text = "Decryption failed"
    fails("CryptoServeError", lambda: client.hybrid_decrypt(altered, pair["private_key"]), text)
    fails("CryptoServeError", lambda: client.hybrid_decrypt(sealed, bytes([7] * 32)), text)


def rsa_jwk(pair):
    """RFC 7518, section 6.3."""
    private = pair.private_numbers()
    numbers = {
        "n": private.public_numbers.n,
        "e": private.public_numbers.e,
        "d": private.d,
        "p": private.p,
        "q": private.q,
        "dp": private.dmp1,
        "dq": private.dmq1,
        "qi": private.iqmp,
    }
    as_bytes = {name: n.to_bytes((n.bit_length() + 7) // 8, "big") for name, n in numbers.items()}
    return {"kty": "RSA"} | {name: encoded(data) for name, data in as_bytes.items()}


def signatures(client):
    key = client.generate_jwk("OKP", "Ed25519", "sig")
    jws = client.jws_sign(b"payload", key["private_jwk"])
    assert client.jws_verify(jws, key["public_jwk"]) == {"valid": True, "payload": b"payload"}
    signed, signature = jws.rsplit(".", 1)
    public = ed25519.Ed25519PublicKey.from_public_bytes(unpadded(key["public_jwk"]["x"]))
    public.verify(unpadded(signature), signed.encode())
    assert "d" not in key["public_jwk"]
    key = client.generate_jwk("EC", "P-256", "sig")
    jws = client.jws_sign(b"payload", key["private_jwk"], "ES256")
    assert client.jws_verify(jws, key["public_jwk"])["payload"] == b"payload"
    secret = client.generate_mac_key()
    jws = client.jws_sign(b"payload", secret, "HS256")
    assert client.jws_verify(jws, secret)["valid"]
    signed, signature = jws.rsplit(".", 1)
    assert unpadded(signature) == hmac.new(secret, signed.encode(), "sha256").digest()
    assert not client.jws_verify(jws, bytes(32))["valid"]
    pair = rsa.generate_private_key(65537, 2048)
    jws = client.jws_sign(b"payload", rsa_jwk(pair), "PS256")
    signed, signature = jws.rsplit(".", 1)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    pair.public_key().verify(unpadded(signature), signed.encode(), pss, hashes.SHA256())
    public = {name: rsa_jwk(pair)[name] for name in ("kty", "n", "e")}
    assert client.jws_verify(jws, public)["payload"] == b"payload"
    # Without a signature, and by HMAC under the public key.
    header, payload = encoded(b'{"alg":"none"}'), encoded(b"x")
    forged = f"{header}.{payload}."
    assert client.jws_verify(forged, key["public_jwk"]) == {"valid": False, "payload": None}
    header, payload = encoded(b'{"alg":"HS256"}'), encoded(b"x")
    signed = f"{header}.{payload}"
    known = json.dumps(key["public_jwk"]).encode()
    tag = hmac.new(known, signed.encode(), "sha256").digest()
    assert not client.jws_verify(f"{signed}.{encoded(tag)}", key["public_jwk"])["valid"]
    fails("CryptoServeError", lambda: client.jws_sign(b"x", secret, "none"))
    fails("CryptoServeError", lambda: client.jws_sign(b"x", key["public_jwk"], "ES256"))


def encryption(client):
    key = os.urandom(32)
    jwe = client.jwe_encrypt(b"text", key)
    assert client.jwe_decrypt(jwe, key) == b"text"
    header, wrapped, iv, text, tag = jwe.split(".")
    assert wrapped == "" and json.loads(unpadded(header)) == {"alg": "dir", "enc": "A256GCM"}
    opened = AESGCM(key).decrypt(unpadded(iv), unpadded(text) + unpadded(tag), header.encode())
    assert opened == b"text"
    made = client.generate_jwk("oct", use="enc")["private_jwk"]
    assert client.jwe_decrypt(client.jwe_encrypt(b"text", made), made) == b"text"
    fails("CryptoServeError", lambda: client.jwe_decrypt(jwe, os.urandom(32)), "Decryption failed")
    fails("CryptoServeError", lambda: client.jwe_encrypt(b"text", os.urandom(16)))


def product(a, b):
    result = 0
    while b:
        result ^= a * (b & 1)
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return result


def inverse(a):
    return next(b for b in range(1, 256) if product(a, b) == 1)


def interpolated(shares):
    """The secret, from what stands in the values of enough shares, as the page of the format says."""
    secret = bytearray(len(shares[0]["value"]) - 36)
    for share in shares:
        weight = 1
        for other in shares:
            if other["index"] != share["index"]:
                ratio = product(other["index"], inverse(other["index"] ^ share["index"]))
                weight = product(weight, ratio)
        points = share["value"][20:-16]
        secret = bytearray(byte ^ product(point, weight) for byte, point in zip(secret, points))
    return bytes(secret)


def sharing(client):
    shares = client.split_secret(b"the root of it all", 3, 5)
    assert [share["index"] for share in shares] == [1, 2, 3, 4, 5]
    for some in (shares[:3], shares[2:], shares, [shares[4], shares[0], shares[2]]):
        assert client.combine_shares(some) == b"the root of it all"
    # Without any server.
    assert interpolated(shares[1:4]) == b"the root of it all"
    fails("CryptoServeError", lambda: client.combine_shares(shares[:2]))
    value = shares[1]["value"]
    false = dict(shares[1], value=value[:-1] + bytes([value[-1] ^ 1]))
    mixed = [shares[0], false, shares[2]]
    fails("CryptoServeError", lambda: client.combine_shares(mixed), "shares[1]")
    other = client.split_secret(b"the root of it all", 3, 5)
    mixed = [shares[0], shares[1], other[2]]
    fails("CryptoServeError", lambda: client.combine_shares(mixed), "shares[2]")
    fails("CryptoServeError", lambda: client.split_secret(b"x", 4, 3))


def leases(client):
    lease = client.create_lease(b"for an hour")
    assert lease["secret"] == b"for an hour"
    kept = client.get_lease(lease["lease_id"])
    assert kept == lease
    renewed = client.renew_lease(lease["lease_id"], 7200)
    texts = [one["expires_at"].replace("Z", "+00:00") for one in (kept, renewed)]
    times = [datetime.fromisoformat(text) for text in texts]
    assert times[1] > times[0]
    client.revoke_lease(lease["lease_id"])
    fails("CryptoServeError", lambda: client.get_lease(lease["lease_id"]), "no such lease")
    fixed = client.create_lease(b"x", 60, renewable=False)
    fails("CryptoServeError", lambda: client.renew_lease(fixed["lease_id"]))


for module in (cryptoserve, cryptoserve_client):
    client = module.CryptoClient(
        server_url=f"{SERVER}/api", token=made["access_token"], refresh_token=made["refresh_token"]
    )
    weak = client.check_password_strength("password")
    strong = client.check_password_strength("hgTrpq7!wzKmQ4")
    assert weak["strength"] == "weak" and weak["suggestions"] and strong["score"] > weak["score"]
    exchange(client)
    hybrid(client)
    signatures(client)
    encryption(client)
    sharing(client)
    leases(client)

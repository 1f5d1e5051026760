"""Registers an application by itself; seals and opens bytes, text, JSON and associated data."""

import os

from cryptoserve import CryptoServe

from session import fails, log_in

log_in(os.environ["SESSION"])
crypto = CryptoServe(app_name="shop", team="web", contexts=["user-pii", "payment-data"])
assert crypto.health_check()

# Many of one context: what the SDK asks for to seal by itself is refused each time.
for number in range(5):
    value = f"value {number}".encode()
    sealed = crypto.encrypt(value, context="user-pii")
    assert value not in sealed and b"sr1" in sealed
    assert crypto.decrypt(sealed, context="user-pii") == value

text = crypto.encrypt_string("naïve 🔑 text", context="payment-data")
assert crypto.decrypt_string(text, context="payment-data") == "naïve 🔑 text"
document = {"name": "Ada", "cards": [1, 2, None], "nested": {"é": True}}
sealed = crypto.encrypt_json(document, context="user-pii")
assert crypto.decrypt_json(sealed, context="user-pii") == document
empty = crypto.encrypt(b"", context="user-pii")
assert crypto.decrypt(empty, context="user-pii") == b""
large = os.urandom(1 << 20)
assert crypto.decrypt(crypto.encrypt(large, context="user-pii"), context="user-pii") == large

bound = crypto.encrypt(b"row", context="user-pii", associated_data=b"row 1")
assert crypto.decrypt(bound, context="user-pii", associated_data=b"row 1") == b"row"
for wrong in (b"row 2", None):
    fails(
        "CryptoServeError",
        lambda: crypto.decrypt(bound, context="user-pii", associated_data=wrong),
        "Decryption failed",
    )
altered = bound[:-1] + bytes([bound[-1] ^ 1])
fails(
    "CryptoServeError",
    lambda: crypto.decrypt(altered, context="user-pii", associated_data=b"row 1"),
)
fails("CryptoServeError", lambda: crypto.decrypt_json(sealed, context="payment-data"))

# A second start finds the tokens that the first one kept.
again = CryptoServe(app_name="shop")
assert again.decrypt(empty, context="user-pii") == b""
# Without a context of its own choice the SDK asks for `default`.
plain = CryptoServe(app_name="plain")
assert plain.decrypt(plain.encrypt(b"x", context="default"), context="default") == b"x"

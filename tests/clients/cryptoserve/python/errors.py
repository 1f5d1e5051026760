"""What is refused, by the classes that users of the SDK know."""

import os

from cryptoserve import CryptoServe

from session import fails, log_in, saved

log_in(os.environ["SESSION"])
crypto = CryptoServe(app_name="errors", contexts=["general"])
fails("ContextNotFoundError", lambda: crypto.encrypt(b"x", context="unheard-of"))
fails("AuthorizationError", lambda: crypto.encrypt(b"x", context="payment-data"))
sealed = crypto.encrypt(b"x", context="general")
fails("AuthorizationError", lambda: crypto.decrypt(sealed, context="payment-data"))
fails("ContextNotFoundError", lambda: crypto.decrypt(sealed, context="unheard-of"))

# An application gets no context that there is not, and a viewer none at all.
fails("CryptoServeRegistrationError", lambda: CryptoServe(app_name="x", contexts=["unheard-of"]))
log_in(os.environ["VIEWER"])
fails("CryptoServeRegistrationError", lambda: CryptoServe(app_name="y", contexts=["general"]))
log_in("sr_nobody")
fails("CryptoServeNotLoggedInError", lambda: CryptoServe(app_name="z", contexts=["general"]))

# Another tenant's application opens nothing of this one.
log_in(os.environ["OTHER"])
saved("errors").unlink()
other = CryptoServe(app_name="errors", contexts=["general"])
assert other.decrypt(other.encrypt(b"y", context="general"), context="general") == b"y"
fails("CryptoServeError", lambda: other.decrypt(sealed, context="general"), "Decryption failed")

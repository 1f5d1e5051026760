"""An independent maker of index terms: docs/formats/index-terms.md in Python, over PyPI's
cryptography. Makes the terms of every `ok` vector and refuses every other one."""

import json
import struct
import sys
import unicodedata
from pathlib import Path

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from test_sr1 import item, resolve, u32

VECTORS = Path(__file__).parents[2] / "vectors" / "crypto"
LABEL = b"strongroom/v1/"


class Refused(Exception):
    """There are no terms of this."""


def frame(*parts):
    return u32(len(parts)) + b"".join(map(item, parts))


def derive(key, label, *parts):
    return HKDFExpand(hashes.SHA256(), 32, LABEL + label + frame(*parts)).derive(key)


def mac(key, label, *parts):
    made = hmac.HMAC(key, hashes.SHA256())
    made.update(LABEL + label + frame(*parts))
    return made.finalize()


def token(key, label, *parts):
    return struct.unpack(">q", mac(key, label, *parts)[:8])[0]


def column_key(given):
    pairs = sorted(json.loads(given["key_context"]).items())
    context = u32(len(pairs)) + b"".join(item(k.encode()) + item(v.encode()) for k, v in pairs)
    scope = b""
    if "lock" in given:
        terms = [(1, name.encode()) for name in json.loads(given["lock"])]
        values = resolve(terms, json.loads(given["claims"]))
        scope = bytes.fromhex(given["issuer_hex"]) + values
    place = (context, given["table"].encode(), given["column"].encode(), scope)
    return derive(bytes.fromhex(given["index_key_hex"]), b"column-of-index", *place)


def normalised(text):
    lower = "".join(c.lower() for c in unicodedata.normalize("NFKC", text))
    out = ""
    for c in unicodedata.normalize("NFKC", lower):
        c = " " if c.isspace() else c
        if c != " " or not out.endswith(" "):
            out += c
    return out


def text_tokens(key, text, is_query):
    text = normalised(text)
    if is_query and len(text) < 3:
        raise Refused
    return [token(key, b"text-term", text[i : i + 3].encode()) for i in range(len(text) - 2)]


def ordinal(number):
    return int(number) + (1 << 63)


def interval_token(key, level, prefix):
    return token(key, b"range-term", struct.pack(">BQ", level, prefix))


def range_tokens(key, number):
    return [interval_token(key, level, number >> 64 - 2 * level) for level in range(33)]


def cover(low, high, level=0, prefix=0):
    """From the widest interval down, which is another way than the one under test."""
    first = prefix << 64 - 2 * level
    last = first + (1 << 64 - 2 * level) - 1
    if last < low or first > high:
        return []
    if low <= first and last <= high:
        return [(level, prefix)]
    parts = (cover(low, high, level + 1, prefix * 4 + part) for part in range(4))
    return [interval for part in parts for interval in part]


def range_query(key, low, high):
    if low > high:
        raise Refused
    return [interval_token(key, *interval) for interval in cover(low, high)]


def order_term(key, number):
    term = b""
    for bit in range(64):
        before, is_set = number >> 64 - bit, number >> 63 - bit & 1
        made = mac(key, b"order-term", bytes([bit]), struct.pack(">Q", before))
        digit = min(int.from_bytes(made[:4], "big"), 2**32 - 2)
        term += u32(digit + is_set)
    return term


def node(value):
    if isinstance(value, dict):
        return b"\1"
    if isinstance(value, list):
        return b"\2"
    if value is None:
        return b"\3"
    if isinstance(value, bool):
        return b"\4" + bytes([value])
    if isinstance(value, str):
        return b"\7" + value.encode()
    if value == int(value):
        return b"\5" + int(value).to_bytes(16, "big", signed=True)
    return b"\6" + struct.pack(">d", value)


def step(name):
    return b"\2" if name is None else b"\1" + item(name.encode())


def document_tokens(key, value, is_query, path=b""):
    nodes = [node(value)] if is_query else [b"\0", node(value)]
    tokens = [token(key, b"document-term", path, n) for n in nodes]
    members = value.items() if isinstance(value, dict) else []
    members = [(None, v) for v in value] if isinstance(value, list) else members
    for name, member in members:
        tokens += document_tokens(key, member, is_query, path + step(name))
    return tokens


def terms(given):
    column, value = column_key(given), given.get("value")
    kind = given["kind"]
    key = derive(column, b"key-of-" + kind.split("-")[0].replace("path", "document").encode())
    if kind == "equality":
        return "term_hex", mac(key, b"equality-term", value.encode())[:16].hex()
    if kind == "order":
        return "term_hex", order_term(key, ordinal(value)).hex()
    if kind.startswith("text"):
        tokens = text_tokens(key, value, kind == "text-query")
    elif kind == "range":
        tokens = range_tokens(key, ordinal(value))
    elif kind == "range-query":
        tokens = range_query(key, ordinal(given["low"]), ordinal(given["high"]))
    elif kind == "path-query":
        path = b"".join(map(step, json.loads(given["path"])))
        tokens = [token(key, b"document-term", path, b"\0")]
    else:
        tokens = document_tokens(key, json.loads(value), kind == "document-query")
    return "tokens", json.dumps(sorted(set(tokens)), separators=(",", ":"))


def outcome(vector):
    try:
        return "ok", dict([terms(vector["input"])])
    except Refused:
        return "malformed", {}


def main():
    vectors = [json.loads(path.read_text()) for path in sorted(VECTORS.glob("index-*.json"))]
    wrong = [v["name"] for v in vectors if outcome(v) != (v["expect"], v["output"])]
    print(f"index terms: {len(vectors)} vectors read, wrong: {wrong or 'none'}")
    return 0 if len(vectors) >= 17 and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())

//! Byte strings of the wire: base64 in JSON, byte strings in CBOR.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A byte string. RFC 4648 section 4 base64 with padding in human-readable formats (JSON), a byte
/// string in binary ones (CBOR, RFC 8949 major type 2).
///
/// `Debug` shows the length only, because plaintext travels in it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Bytes(pub Vec<u8>);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Bytes {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({} bytes)", self.0.len())
    }
}

/// Base64 up to this length is written without an allocation.
const SHORT_BYTES: usize = 512;

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let mut buffer = [0; SHORT_BYTES];
            match encode_short(&self.0, &mut buffer) {
                Some(text) => serializer.serialize_str(text),
                None => serializer.serialize_str(&STANDARD.encode(&self.0)),
            }
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

/// Base64 of `bytes`; `None` if it does not fit.
fn encode_short<'a>(bytes: &[u8], buffer: &'a mut [u8]) -> Option<&'a str> {
    let written = STANDARD.encode_slice(bytes, buffer).ok()?;
    core::str::from_utf8(buffer.get(..written)?).ok()
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Base64Visitor)
        } else {
            deserializer.deserialize_byte_buf(BytesVisitor)
        }
    }
}

struct Base64Visitor;

impl de::Visitor<'_> for Base64Visitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a standard base64 string with padding")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes, E> {
        STANDARD
            .decode(text)
            .map(Bytes)
            .map_err(|_error| E::custom("not standard base64 with padding"))
    }

    // An untagged enum buffers a CBOR answer and then calls itself human-readable. JSON has no byte
    // strings, so that its reading is not widened.
    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }
}

struct BytesVisitor;

impl de::Visitor<'_> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a byte string")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(Bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_padded_base64() {
        assert_eq!(serde_json::to_string(&Bytes(vec![1])).unwrap(), "\"AQ==\"");
        for wrong in ["\"AQ\"", "\"AQ=\"", "\"A_==\"", "\"AR==\"", "1"] {
            assert!(serde_json::from_str::<Bytes>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn json_is_the_same_for_short_and_long() {
        for len in [0, 1, SHORT_BYTES / 4 * 3, SHORT_BYTES / 4 * 3 + 1, 5000] {
            let bytes = Bytes(vec![0xfb; len]);
            let text = serde_json::to_string(&bytes).unwrap();
            assert_eq!(text, format!("\"{}\"", STANDARD.encode(&bytes.0)));
            assert_eq!(serde_json::from_str::<Bytes>(&text).unwrap(), bytes);
        }
    }

    #[test]
    fn cbor_is_a_byte_string() {
        let mut out = Vec::new();
        ciborium::into_writer(&Bytes(vec![1, 2]), &mut out).unwrap();
        assert_eq!(out, [0x42, 1, 2]);
        let back: Bytes = ciborium::from_reader(out.as_slice()).unwrap();
        assert_eq!(back.0, [1, 2]);
    }
}

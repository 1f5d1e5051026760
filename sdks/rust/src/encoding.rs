//! How bodies are written.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::RequestError;

/// How the bodies of batches are written. All other bodies are JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// `application/json`, RFC 8259: bytes as base64.
    Json,
    /// `application/cbor`, RFC 8949: bytes as they are. The default.
    #[default]
    Cbor,
}

impl Encoding {
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Cbor => "application/cbor",
        }
    }

    /// The encoding of an answer with this content type; parameters are ignored.
    pub(crate) fn of_media_type(text: &str) -> Option<Self> {
        let name = text.split(';').next().unwrap_or_default().trim();
        [Self::Json, Self::Cbor]
            .into_iter()
            .find(|encoding| encoding.media_type().eq_ignore_ascii_case(name))
    }

    pub(crate) fn write<T: Serialize>(self, body: &T) -> Result<Bytes, RequestError> {
        match self {
            Self::Json => serde_json::to_vec(body).ok(),
            Self::Cbor => cbor4ii::serde::to_vec(Vec::new(), body).ok(),
        }
        .map(Bytes::from)
        .ok_or(RequestError::Body)
    }

    pub(crate) fn read<T: DeserializeOwned>(self, body: &[u8]) -> Option<T> {
        match self {
            Self::Json => serde_json::from_slice(body).ok(),
            Self::Cbor => cbor4ii::serde::from_slice(body).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::KeyContext;
    use strongroom_types::body::{Batch, BatchAnswer, DecryptAnswer, EncryptItem, ItemResult};

    use super::Encoding;

    fn batch() -> Batch<EncryptItem> {
        let context = KeyContext::new([("tenant", "acme")]).unwrap();
        Batch {
            items: vec![EncryptItem::new(context, *b"\x00\xff")],
            metadata: None,
        }
    }

    #[test]
    fn json_body_has_base64_and_no_absent_fields() {
        let body = Encoding::Json.write(&batch()).unwrap();
        assert_eq!(
            core::str::from_utf8(&body).unwrap(),
            r#"{"items":[{"key_context":{"tenant":"acme"},"plaintext":"AP8="}]}"#
        );
    }

    #[test]
    fn cbor_body_has_the_bytes_themselves() {
        let body = Encoding::Cbor.write(&batch()).unwrap();
        assert!(body.windows(3).any(|window| window == [0x42, 0x00, 0xff]));
        let back: Batch<EncryptItem> = Encoding::Cbor.read(&body).unwrap();
        assert_eq!(back.items[0].plaintext.0, [0x00, 0xff]);
    }

    #[test]
    fn batch_answers_read_alike_in_both_encodings() {
        let log_entry = format!("ws_{}/7", "0".repeat(26));
        let key = serde_json::json!({"id": format!("ctx_{}", "0".repeat(52)), "version": 1});
        let json = serde_json::json!({
            "results": [
                {"plaintext": "AP8=", "key": key},
                {"error": {"code": "identity_mismatch", "detail": "claim sub"}},
            ],
            "log_entry": log_entry,
        });
        let text = json.to_string();
        let read: BatchAnswer<DecryptAnswer> = Encoding::Json.read(text.as_bytes()).unwrap();
        let cbor = Encoding::Cbor.write(&read).unwrap();
        for answer in [read, Encoding::Cbor.read(&cbor).unwrap()] {
            let [ItemResult::Ok(opened), ItemResult::Err { .. }] = answer.results.as_slice() else {
                panic!("{answer:?}");
            };
            assert_eq!(opened.plaintext.0, [0x00, 0xff]);
        }
    }

    #[test]
    fn media_type_is_read_without_its_parameters() {
        assert_eq!(
            Encoding::of_media_type("application/JSON; charset=utf-8"),
            Some(Encoding::Json)
        );
        assert_eq!(Encoding::of_media_type("text/html"), None);
    }
}

//! What their clients send, and what it is here.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strongroom_core::{
    Invalid, KeysetCondition, KeysetKey, KeysetPolicy, KeysetTerm, KeysetUse, WhichKeyset,
};
use strongroom_log::sha256;
use strongroom_types::{
    Bytes, ClaimValue, KeysetClientId, KeysetId, KeysetName, Metadata, MetadataError,
};

/// A keyset as newer clients name it, or as older ones do.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Named {
    Tagged(Tagged),
    Bare(KeysetId),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Tagged {
    Uuid(KeysetId),
    Name(KeysetName),
}

impl Named {
    pub(super) fn read(self) -> WhichKeyset {
        match self {
            Self::Bare(id) | Self::Tagged(Tagged::Uuid(id)) => WhichKeyset::Id(id),
            Self::Tagged(Tagged::Name(name)) => WhichKeyset::Name(name),
        }
    }
}

/// Which client, and which keyset.
#[derive(Deserialize)]
pub(super) struct Using {
    #[serde(rename = "client_id")]
    client: KeysetClientId,
    #[serde(default, rename = "keyset_id")]
    keyset: Option<Named>,
    /// What older clients call it.
    #[serde(default, rename = "dataset_id")]
    dataset: Option<Named>,
}

impl Using {
    pub(super) fn read(self) -> KeysetUse {
        let keyset = self.keyset.or(self.dataset);
        let keyset = keyset.map_or(WhichKeyset::Home, Named::read);
        KeysetUse {
            client: self.client,
            keyset,
        }
    }
}

/// Keys of a request.
#[derive(Deserialize)]
pub(super) struct Keys {
    #[serde(flatten)]
    using: Using,
    #[serde(rename = "keys")]
    sent: Vec<Key>,
    #[serde(default)]
    unverified_context: Value,
}

/// A key. What is not known of it might bind it to something, and is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    iv: Bytes,
    descriptor: String,
    #[serde(default)]
    context: Vec<Term>,
    #[serde(default)]
    decryption_policy: Option<Policy>,
    /// A list of numbers, or base64.
    #[serde(default)]
    tag: Option<Tag>,
    /// Which form of a tag the client believes to have: the tag says it itself.
    #[serde(default, rename = "tag_version")]
    _tag_version: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Tag {
    Numbers(Vec<u8>),
    Text(Bytes),
}

#[derive(Deserialize)]
enum Term {
    IdentityClaim(String),
    Tag(String),
    Value(String, String),
}

/// Conditions of which one is enough.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    conditions: Vec<Condition>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    claim: String,
    #[serde(default)]
    value: Option<Value>,
}

/// What a request asks for, its keys with their tags.
pub(super) struct Asked {
    pub(super) using: KeysetUse,
    pub(super) keys: Vec<(KeysetKey, Option<Vec<u8>>)>,
    pub(super) metadata: Option<Metadata>,
}

impl Keys {
    /// # Errors
    /// The field that is not acceptable.
    pub(super) fn read(self) -> Result<Asked, Invalid> {
        let keys = self.sent.into_iter().map(Key::read);
        Ok(Asked {
            using: self.using.read(),
            keys: keys.collect::<Result<_, _>>()?,
            metadata: metadata(&self.unverified_context)?,
        })
    }
}

impl Key {
    fn read(self) -> Result<(KeysetKey, Option<Vec<u8>>), Invalid> {
        let iv = self.iv.0.try_into();
        let iv = iv.map_err(|_length| Invalid::Field("iv".into()))?;
        let terms = self.context.into_iter().map(|term| match term {
            Term::IdentityClaim(claim) => KeysetTerm::IdentityClaim(claim),
            Term::Tag(tag) => KeysetTerm::Tag(tag),
            Term::Value(name, value) => KeysetTerm::Value(name, value),
        });
        let policy = self.decryption_policy.map(Policy::read).transpose()?;
        let key = KeysetKey {
            iv,
            descriptor: self.descriptor,
            terms: terms.collect(),
            policy,
        };
        let tag = self.tag.map(|tag| match tag {
            Tag::Numbers(bytes) => bytes,
            Tag::Text(bytes) => bytes.0,
        });
        Ok((key, tag))
    }
}

impl Policy {
    fn read(self) -> Result<KeysetPolicy, Invalid> {
        let read = |condition: Condition| {
            let Condition { claim, value } = condition;
            let value = value.filter(|value| !value.is_null());
            let value = value.map(|value| ClaimValue::from_claim(&claim, &value));
            let value = value
                .transpose()
                .map_err(|_unbindable| Invalid::Field("decryption_policy".into()))?;
            Ok(KeysetCondition { claim, value })
        };
        let conditions = self.conditions.into_iter().map(read);
        Ok(KeysetPolicy {
            conditions: conditions.collect::<Result<_, Invalid>>()?,
        })
    }

    pub(super) fn of(policy: KeysetPolicy) -> Self {
        let conditions = policy.conditions.into_iter();
        let write = |condition: KeysetCondition| Condition {
            claim: condition.claim,
            value: condition
                .value
                .and_then(|value| serde_json::to_value(value).ok()),
        };
        Self {
            conditions: conditions.map(write).collect(),
        }
    }
}

/// The caller's notes: what is too long for an entry is named by its digest there.
fn metadata(notes: &Value) -> Result<Option<Metadata>, Invalid> {
    let is_empty = notes.as_object().is_some_and(serde_json::Map::is_empty);
    if notes.is_null() || is_empty {
        return Ok(None);
    }
    let digest = || {
        let digest = sha256(notes.to_string().as_bytes());
        serde_json::json!({"sha256": hex(digest.as_bytes())})
    };
    let refused = |_fault| Invalid::Field("unverified_context".into());
    match Metadata::new(notes.clone()) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(MetadataError::TooLong { .. }) => Metadata::new(digest()).map(Some).map_err(refused),
        Err(fault @ MetadataError::NotAnObject) => Err(refused(fault)),
    }
}

fn hex(bytes: &[u8]) -> String {
    use core::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "0a1b2c3d-4e5f-4a6b-8c7d-8e9fa0b1c2d3";

    fn using(body: Value) -> KeysetUse {
        let using: Using = serde_json::from_value(body).unwrap();
        using.read()
    }

    #[test]
    fn a_keyset_is_named_in_four_ways() {
        let id = WhichKeyset::Id(ID.parse().unwrap());
        let name = WhichKeyset::Name("acme".parse().unwrap());
        for (body, expected) in [
            (json!({"client_id": ID}), WhichKeyset::Home),
            (
                json!({"client_id": ID, "keyset_id": null}),
                WhichKeyset::Home,
            ),
            (
                json!({"client_id": ID, "keyset_id": {"Uuid": ID}}),
                id.clone(),
            ),
            (
                json!({"client_id": ID, "keyset_id": {"Name": "acme"}}),
                name,
            ),
            (json!({"client_id": ID, "dataset_id": ID}), id),
        ] {
            assert_eq!(using(body).keyset, expected);
        }
    }

    fn read(key: Value) -> Result<(KeysetKey, Option<Vec<u8>>), ()> {
        let key: Key = serde_json::from_value(key).map_err(drop)?;
        key.read().map_err(drop)
    }

    #[test]
    fn what_is_not_known_of_a_key_is_refused() {
        let iv = "AAAAAAAAAAAAAAAAAAAAAA==";
        let (key, tag) = read(json!({"iv": iv, "descriptor": "d", "tag": [1, 255],
            "context": [{"IdentityClaim": "sub"}, {"Tag": "t"}, {"Value": ["k", "v"]}],
            "tag_version": 0}))
        .unwrap();
        assert_eq!((key.terms.len(), tag), (3, Some(vec![1, 255])));
        assert_eq!(
            read(json!({"iv": iv, "descriptor": "d", "tag": "AQI="}))
                .unwrap()
                .1,
            Some(vec![1, 2])
        );
        for wrong in [
            json!({"iv": "AAAA", "descriptor": "d"}),
            json!({"iv": iv, "descriptor": "d", "tag": [256]}),
            json!({"iv": iv, "descriptor": "d", "more": 1}),
            json!({"iv": iv, "descriptor": "d", "context": [{"Other": "x"}]}),
            json!({"iv": iv, "descriptor": 1}),
            json!({"iv": iv, "descriptor": "d", "decryption_policy":
                {"conditions": [{"claim": "sub", "value": 1.5}]}}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn notes_that_are_too_long_become_a_digest() {
        assert_eq!(metadata(&json!({})).unwrap(), None);
        assert_eq!(metadata(&Value::Null).unwrap(), None);
        assert!(metadata(&json!([1])).is_err());
        let small = json!({"a": 1});
        assert_eq!(*metadata(&small).unwrap().unwrap().value(), small);
        let long = json!({"a": "x".repeat(5000)});
        let noted = metadata(&long).unwrap().unwrap();
        assert_eq!(noted.value()["sha256"].as_str().unwrap().len(), 64);
    }
}

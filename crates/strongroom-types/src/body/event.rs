//! Events: what happened in a workspace, told to whoever subscribed to it.
//!
//! The shapes of `vault.*` are those of WorkOS, whose libraries read them; what those have no event
//! for is `strongroom.*`, which their newer libraries pass on as it is, and that for Node 8.13 as nothing.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::coded::coded_enum;
use crate::text::kept_as_text;
use crate::{CustomerKeyId, IdError, KeyContext, Operation, Reason, WorkspaceId};

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Always `event`.
    pub object: EventObject,
    /// Its id: the same at every delivery, so that a receiver can tell repetitions.
    pub id: EventId,
    /// What happened, and its particulars.
    #[serde(flatten)]
    pub data: EventData,
    /// When, RFC 3339 in UTC.
    pub created_at: String,
}

/// Names an event: the entry that it was made of, and its place among that entry's events.
/// `event_<workspace>_<index>_<part>`, the workspace without its `ws_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId {
    /// Whose log.
    pub workspace: WorkspaceId,
    /// The entry's index in it.
    pub entry: u64,
    /// Which of its events, from 0.
    pub part: u32,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workspace = self.workspace.to_string();
        let digits = workspace.trim_start_matches(WorkspaceId::PREFIX);
        write!(f, "event_{digits}_{}_{}", self.entry, self.part)
    }
}

impl FromStr for EventId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let wrong = IdError {
            prefix: "event_",
            digits: 26,
        };
        let rest = text.strip_prefix("event_").ok_or(wrong)?;
        let mut parts = rest.splitn(3, '_');
        let mut next = || parts.next().ok_or(wrong);
        let id = Self {
            workspace: format!("{}{}", WorkspaceId::PREFIX, next()?).parse()?,
            entry: next()?.parse().map_err(|_not_a_number| wrong)?,
            part: next()?.parse().map_err(|_not_a_number| wrong)?,
        };
        // One spelling.
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(wrong)
        }
    }
}

kept_as_text!(EventId);

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventList {
    /// Always `list`.
    pub object: ListObject,
    /// The events, oldest first.
    pub data: Vec<Event>,
    /// Where the next page begins.
    pub list_metadata: EventListPlace,
}

/// Says that something is a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ListObject {
    /// It is.
    #[default]
    List,
}

/// Where the next page of events begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventListPlace {
    /// Give this as `after` for the next page; `null` at the present end of the log.
    pub after: Option<EventId>,
}

/// Says that something is an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EventObject {
    /// It is.
    #[default]
    Event,
}

/// What happened: the names are part of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", content = "data")]
pub enum EventData {
    /// An object was made.
    #[serde(rename = "vault.data.created")]
    DataCreated(ObjectWritten),
    /// An object got a new version.
    #[serde(rename = "vault.data.updated")]
    DataUpdated(ObjectWritten),
    /// An object was opened.
    #[serde(rename = "vault.data.read")]
    DataRead(ObjectOpened),
    /// An object was deleted.
    #[serde(rename = "vault.data.deleted")]
    DataDeleted(ObjectNamed),
    /// An object was described, or its versions listed.
    #[serde(rename = "vault.metadata.read")]
    MetadataRead(ObjectNamed),
    /// Objects were listed.
    #[serde(rename = "vault.names.listed")]
    NamesListed(Actor),
    /// A key context got its first key.
    #[serde(rename = "vault.kek.created")]
    KekCreated(KekNamed),
    /// A key context was destroyed.
    #[serde(rename = "vault.kek.deleted")]
    KekDeleted(KekNamed),
    /// A data key was handed out.
    #[serde(rename = "vault.dek.read")]
    DekRead(DekHandedOut),
    /// A data key was unwrapped.
    #[serde(rename = "vault.dek.decrypted")]
    DekDecrypted(DekOpened),
    /// A data key was wrapped for another key context.
    #[serde(rename = "vault.dek.rekeyed")]
    DekRekeyed(DekHandedOut),
    /// A customer's key was tried.
    #[serde(rename = "vault.byok_key.verification_completed")]
    ByokKeyVerificationCompleted(ByokKeyVerified),
    /// A customer's key was detached.
    #[serde(rename = "vault.byok_key.deleted")]
    ByokKeyDeleted(ByokKey),
    /// A known caller was refused.
    #[serde(rename = "strongroom.access.denied")]
    AccessDenied(Denied),
    /// A key context got a new active key version.
    #[serde(rename = "strongroom.kek.rotated")]
    KekRotated(KekNamed),
    /// A customer's key was registered, changed, attached, replaced, suspended, resumed or removed.
    #[serde(rename = "strongroom.customer_key.changed")]
    CustomerKeyChanged(CustomerKeyChanged),
}

impl EventData {
    /// The name of what happened.
    #[must_use]
    pub const fn name(&self) -> EventName {
        match self {
            Self::DataCreated(_) => EventName::DataCreated,
            Self::DataUpdated(_) => EventName::DataUpdated,
            Self::DataRead(_) => EventName::DataRead,
            Self::DataDeleted(_) => EventName::DataDeleted,
            Self::MetadataRead(_) => EventName::MetadataRead,
            Self::NamesListed(_) => EventName::NamesListed,
            Self::KekCreated(_) => EventName::KekCreated,
            Self::KekDeleted(_) => EventName::KekDeleted,
            Self::DekRead(_) => EventName::DekRead,
            Self::DekDecrypted(_) => EventName::DekDecrypted,
            Self::DekRekeyed(_) => EventName::DekRekeyed,
            Self::ByokKeyVerificationCompleted(_) => EventName::ByokKeyVerificationCompleted,
            Self::ByokKeyDeleted(_) => EventName::ByokKeyDeleted,
            Self::AccessDenied(_) => EventName::AccessDenied,
            Self::KekRotated(_) => EventName::KekRotated,
            Self::CustomerKeyChanged(_) => EventName::CustomerKeyChanged,
        }
    }
}

coded_enum! {
    /// What happened, by name.
    EventName: u8 {
        /// An object was made.
        DataCreated = 1, "vault.data.created";
        /// An object got a new version.
        DataUpdated = 2, "vault.data.updated";
        /// An object was opened.
        DataRead = 3, "vault.data.read";
        /// An object was deleted.
        DataDeleted = 4, "vault.data.deleted";
        /// An object was described, or its versions listed.
        MetadataRead = 5, "vault.metadata.read";
        /// Objects were listed.
        NamesListed = 6, "vault.names.listed";
        /// A key context got its first key.
        KekCreated = 7, "vault.kek.created";
        /// A key context was destroyed.
        KekDeleted = 8, "vault.kek.deleted";
        /// A data key was handed out.
        DekRead = 9, "vault.dek.read";
        /// A data key was unwrapped.
        DekDecrypted = 10, "vault.dek.decrypted";
        /// A data key was wrapped for another key context.
        DekRekeyed = 11, "vault.dek.rekeyed";
        /// A customer's key was tried.
        ByokKeyVerificationCompleted = 12, "vault.byok_key.verification_completed";
        /// A customer's key was detached.
        ByokKeyDeleted = 13, "vault.byok_key.deleted";
        /// A known caller was refused.
        AccessDenied = 14, "strongroom.access.denied";
        /// A key context got a new active key version.
        KekRotated = 15, "strongroom.kek.rotated";
        /// A customer's key was registered, changed, attached, replaced, suspended, resumed or removed.
        CustomerKeyChanged = 16, "strongroom.customer_key.changed";
    }
}

coded_enum! {
    /// Where an actor acted.
    ActorSource: u8 {
        /// Through the API.
        Api = 1, "api";
        /// Through the dashboard.
        Dashboard = 2, "dashboard";
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    /// The client's id.
    pub actor_id: String,
    /// Where.
    pub actor_source: ActorSource,
    /// The client's name.
    pub actor_name: String,
}

/// An object by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectNamed {
    /// Who did it.
    #[serde(flatten)]
    pub actor: Actor,
    /// The object's name.
    pub kv_name: String,
}

/// An object that was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectOpened {
    /// Who did it.
    #[serde(flatten)]
    pub actor: Actor,
    /// The object's name.
    pub kv_name: String,
    /// The context key that it is under.
    pub key_id: String,
}

/// An object that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectWritten {
    /// Who did it.
    #[serde(flatten)]
    pub actor: Actor,
    /// The object's name.
    pub kv_name: String,
    /// The context key that it is under.
    pub key_id: String,
    /// Whose data it is.
    pub key_context: KeyContext,
}

/// A context key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KekNamed {
    /// Who did it.
    #[serde(flatten)]
    pub actor: Actor,
    /// The key context, as JSON.
    pub key_name: String,
    /// The context key.
    pub key_id: String,
}

/// A data key that was given out with its wrapped form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DekHandedOut {
    /// Who did it.
    #[serde(flatten)]
    pub actor: Actor,
    /// The context keys that it is wrapped by.
    pub key_ids: Vec<String>,
    /// Whose it is.
    pub key_context: KeyContext,
}

/// A data key that was unwrapped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DekOpened {
    /// Who did it.
    #[serde(flatten)]
    pub actor: Actor,
    /// The data key.
    pub key_id: String,
}

coded_enum! {
    /// Whose key service holds a customer's key.
    KeyProvider: u8 {
        /// AWS KMS.
        AwsKms = 1, "AWS_KMS";
        /// Google Cloud KMS.
        GcpKms = 2, "GCP_KMS";
        /// Azure Key Vault.
        AzureKeyVault = 3, "AZURE_KEY_VAULT";
        /// A device (PKCS#11).
        Pkcs11 = 4, "PKCS11";
        /// Vault's or OpenBao's transit engine.
        Transit = 5, "TRANSIT";
    }
}

/// A customer's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ByokKey {
    /// The customer: what the pair `organizationId` or `organization_id` of the policy says that the key
    /// is attached by; where there is none, the name that the key was registered under.
    pub organization_id: String,
    /// Where the key is.
    pub key_provider: KeyProvider,
}

/// A customer's key that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ByokKeyVerified {
    /// The key.
    #[serde(flatten)]
    pub key: ByokKey,
    /// Whether it wraps and unwraps.
    pub verified: bool,
}

/// A change of a customer's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerKeyChanged {
    /// Who changed it.
    #[serde(flatten)]
    pub actor: Actor,
    /// What was done.
    pub operation: Operation,
    /// The key's id.
    pub customer_key: CustomerKeyId,
    /// Whose it is and where.
    #[serde(flatten)]
    pub key: ByokKey,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Denied {
    /// Who was refused.
    #[serde(flatten)]
    pub actor: Actor,
    /// What was asked for.
    pub operation: Operation,
    /// The true reason, as the log has it.
    pub reason: Reason,
    /// How many times, where a flood of them is told as one.
    pub count: u32,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn actor() -> Actor {
        Actor {
            actor_id: "cl_1".to_owned(),
            actor_source: ActorSource::Api,
            actor_name: "billing".to_owned(),
        }
    }

    fn samples() -> Vec<EventData> {
        let kv_name = || "acme/key".to_owned();
        let key_id = || "ctx_1".to_owned();
        let context = || KeyContext::new([("organizationId", "org_acme")]).unwrap();
        let written = || ObjectWritten {
            actor: actor(),
            kv_name: kv_name(),
            key_id: key_id(),
            key_context: context(),
        };
        let named = || ObjectNamed {
            actor: actor(),
            kv_name: kv_name(),
        };
        let kek = || KekNamed {
            actor: actor(),
            key_name: "{}".to_owned(),
            key_id: key_id(),
        };
        let handed_out = || DekHandedOut {
            actor: actor(),
            key_ids: vec![key_id()],
            key_context: context(),
        };
        let byok = || ByokKey {
            organization_id: "org_acme".to_owned(),
            key_provider: KeyProvider::AwsKms,
        };
        vec![
            EventData::DataCreated(written()),
            EventData::DataUpdated(written()),
            EventData::DataRead(ObjectOpened {
                actor: actor(),
                kv_name: kv_name(),
                key_id: key_id(),
            }),
            EventData::DataDeleted(named()),
            EventData::MetadataRead(named()),
            EventData::NamesListed(actor()),
            EventData::KekCreated(kek()),
            EventData::KekDeleted(kek()),
            EventData::DekRead(handed_out()),
            EventData::DekDecrypted(DekOpened {
                actor: actor(),
                key_id: key_id(),
            }),
            EventData::DekRekeyed(handed_out()),
            EventData::ByokKeyVerificationCompleted(ByokKeyVerified {
                key: byok(),
                verified: true,
            }),
            EventData::ByokKeyDeleted(byok()),
            EventData::AccessDenied(Denied {
                actor: actor(),
                operation: Operation::Decrypt,
                reason: Reason::ContextNotAllowed,
                count: 1,
            }),
            EventData::KekRotated(kek()),
            EventData::CustomerKeyChanged(CustomerKeyChanged {
                actor: actor(),
                operation: Operation::CustomerKeyReplace,
                customer_key: CustomerKeyId::from_bytes([7; 16]),
                key: byok(),
            }),
        ]
    }

    #[test]
    fn each_event_has_its_name_and_is_read_as_written() {
        let mut names = Vec::new();
        for data in samples() {
            let name = data.name();
            let event = Event {
                object: EventObject::Event,
                id: id(1),
                data,
                created_at: "2026-01-01T00:00:00.000000Z".to_owned(),
            };
            let json = serde_json::to_value(&event).unwrap();
            assert_eq!(json["object"], "event");
            assert_eq!(json["event"], name.name());
            names.push(name);
            assert_eq!(serde_json::from_value::<Event>(json).unwrap(), event);
        }
        assert_eq!(names, EventName::ALL);
    }

    fn id(part: u32) -> EventId {
        EventId {
            workspace: WorkspaceId::from_bytes([7; 16]),
            entry: 300,
            part,
        }
    }

    #[test]
    fn an_events_id_has_one_spelling() {
        let text = id(2).to_string();
        assert_eq!(text.parse(), Ok(id(2)));
        let workspace = WorkspaceId::from_bytes([7; 16]).to_string();
        let digits = workspace.trim_start_matches(WorkspaceId::PREFIX);
        assert_eq!(text, format!("event_{digits}_300_2"));
        let wrong = [
            text.replace("_300_", "_0300_"),
            text.replace("_300_", "_+300_"),
            text.replace("event_", ""),
            text.replace("_2", ""),
            text.replace("_2", "_2_2"),
            text.replace(digits, "7"),
        ];
        for wrong in wrong {
            assert!(wrong.parse::<EventId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn particulars_lie_flat_in_data() {
        let json = serde_json::to_value(&samples()[0]).unwrap();
        let expected = json!({
            "event": "vault.data.created",
            "data": {
                "actor_id": "cl_1",
                "actor_source": "api",
                "actor_name": "billing",
                "kv_name": "acme/key",
                "key_id": "ctx_1",
                "key_context": {"organizationId": "org_acme"},
            },
        });
        assert_eq!(json, expected);
    }
}

//! Ids: one type per thing, so that ids of different things do not mix.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::base32;
use crate::text::kept_as_text;

/// An id that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id: expected `{prefix}` and {digits} base32 digits")]
pub struct IdError {
    /// What the id starts with, for example `ws_`.
    pub prefix: &'static str,
    /// How many base32 digits follow.
    pub digits: usize,
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal, $len:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// What the text form starts with.
            pub const PREFIX: &'static str = $prefix;

            /// Makes an id of its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The id's bytes, as they stand in binary formats.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(base32::encode_into(&self.0, &mut [0; base32::digits($len)]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix($prefix)
                    .and_then(base32::decode)
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(Self)
                    .ok_or(IdError { prefix: $prefix, digits: base32::digits($len) })
            }
        }

        kept_as_text!($name);
    };
}

id!(
    /// A workspace: the outer isolation unit. 16 bytes, `ws_…`; those of a random UUID (version 4),
    /// because a surface of another product names workspaces by UUIDs.
    WorkspaceId, "ws_", 16
);

impl WorkspaceId {
    /// Makes an id of random bytes: 122 bits of them stay, the others say that it is a UUID of
    /// version 4, RFC 9562.
    #[must_use]
    pub const fn from_random(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }
}

id!(
    /// A client: a program with credentials. 16 random bytes, `cl_…`.
    ClientId, "cl_", 16
);
id!(
    /// One API key of a client: the part that may be shown and looked up. 16 random bytes, `key_…`.
    KeyId, "key_", 16
);
id!(
    /// A trusted issuer, permanent within its workspace. 16 random bytes, `iss_…`.
    IssuerId, "iss_", 16
);
id!(
    /// A context policy. 16 random bytes, `pol_…`.
    PolicyId, "pol_", 16
);
id!(
    /// A customer's own key. 16 random bytes, `ck_…`.
    CustomerKeyId, "ck_", 16
);
id!(
    /// A job: long work that goes on beside the requests. 16 random bytes, `job_…`.
    JobId, "job_", 16
);
id!(
    /// A stored object. 16 random bytes, `obj_…`.
    ObjectId, "obj_", 16
);
id!(
    /// A secret that is kept for a time. 16 random bytes, `lse_…`.
    LeaseId, "lse_", 16
);
id!(
    /// An invitation to become a user. 16 random bytes, `inv_…`.
    InvitationId, "inv_", 16
);
id!(
    /// A webhook. 16 random bytes, `whk_…`.
    WebhookId, "whk_", 16
);
id!(
    /// One HTTP request. 16 random bytes, `req_…`.
    RequestId, "req_", 16
);
id!(
    /// A key context as the database and the log know it: HMAC(context-id key, kind ‖ frame(map)),
    /// 32 bytes, `ctx_…`. Equal maps in two workspaces have unrelated ids.
    ContextId, "ctx_", 32
);

/// The version of a context key, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct KeyVersion(pub u32);

impl KeyVersion {
    /// The version that a key context starts with.
    pub const FIRST: Self = Self(1);

    /// The version after this one; `None` after 2^32 − 1 rotations.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

impl fmt::Display for KeyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for fill in [0u8, 1, 0x5a, 0xff] {
            let id = WorkspaceId::from_bytes([fill; 16]);
            assert_eq!(id.to_string().parse(), Ok(id));
            let context = ContextId::from_bytes([fill; 32]);
            assert_eq!(context.to_string().parse(), Ok(context));
        }
    }

    #[test]
    fn ids_of_other_things_are_refused() {
        let client = ClientId::from_bytes([7; 16]).to_string();
        assert!(client.parse::<WorkspaceId>().is_err());
    }

    #[test]
    fn each_id_has_one_spelling() {
        let text = WorkspaceId::from_bytes([0; 16]).to_string();
        // 26 digits hold 130 bits: a last digit with a padding bit set is another spelling.
        let padded = format!("{}1", text.strip_suffix('0').unwrap());
        assert!(padded.parse::<WorkspaceId>().is_err());
        assert!(text.to_uppercase().parse::<WorkspaceId>().is_err());
        assert!(format!("{text}0").parse::<WorkspaceId>().is_err());
    }
}

//! The key hierarchy: seeds, the keys derived from them, and the identity lock.
//!
//! ```text
//! wrapping key of the root provider                    WrappingKey
//!   └─ workspace root · context-id key · audit key     WorkspaceRoot, ContextIdKey, AuditKey
//!        └─ context key vN · lock secret               ContextKey, LockSecret
//! ```
//!
//! A parent wraps a [`Seed`]; the key is `HKDF-Expand(seed, label ‖ frame(place))`, so that a
//! wrapped seed put in another's place yields a useless key even where the parent binds no place.

mod audit;
mod context;
mod keyset;
mod lock;
mod sealing;
mod seed;
mod split;
mod workspace;

pub use audit::{AuditKey, TAG_BYTES};
pub use context::{ContextIdKey, ContextKey};
pub use keyset::{
    Condition, KEY_MATERIAL_BYTES, KEYSET_IV_BYTES, KeysetAuthority, KeysetItem, KeysetTag,
    ResolvedPolicy,
};
pub use lock::{LOCK_SALT_BYTES, LOCK_TAG_BYTES, LockKey, LockSecret, ResolvedLock, UnmetTerm};
pub use seed::{Place, Seed, WrappingKey};
pub use split::SplitAuthority;
pub use workspace::WorkspaceRoot;

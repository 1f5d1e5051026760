//! Labels: what keeps the uses of a key apart.

macro_rules! labels {
    ($( $(#[$doc:meta])* $variant:ident = $text:literal; )+) => {
        /// The use that a derivation or a seal is for: the first bytes of every HKDF info, HMAC
        /// message and internal seal context. No label is a prefix of another.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Label {
            $( $(#[$doc])* $variant, )+
        }

        impl Label {
            /// Every label, in the order of declaration.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The label's bytes, `strongroom/v1/<purpose>`.
            #[must_use]
            pub const fn as_bytes(self) -> &'static [u8] {
                match self { $( Self::$variant => concat!("strongroom/v1/", $text).as_bytes() ),+ }
            }
        }
    };
}

labels! {
    /// Wrapping key → the input key that seals seeds.
    SeedWrapping = "seal-seed";
    /// Context of a sealed seed.
    Seed = "seed";
    /// Seed → workspace root.
    WorkspaceRoot = "workspace-root";
    /// Workspace root → the input key that seals rows.
    Row = "row";
    /// Context of a sealed row.
    RowPlace = "place-of-row";
    /// Seed → context-id key.
    ContextIdKey = "context-id-key";
    /// Message of a context id.
    ContextId = "id-of-context";
    /// Seed → context key.
    ContextKey = "context-key";
    /// Context key → the input key of a body in derived mode.
    Body = "body";
    /// Context key → the input key that seals key parts.
    Wrapping = "wrapping";
    /// Context of a key part's outer layer.
    KeyPart = "key-part";
    /// Data key → the input key of a body in wrapped mode.
    DataBody = "data-body";
    /// Seed → lock secret.
    LockSecret = "lock-secret";
    /// Lock secret → the key of lock tags.
    LockTagKey = "lock-tag-key";
    /// Message of a lock tag.
    LockTag = "tag-of-lock";
    /// Lock secret → lock key.
    LockKey = "lock-key";
    /// Lock key → the input key that seals a key part's inner layer.
    LockWrapping = "locked-wrapping";
    /// Context of a key part's inner layer.
    LockedPart = "locked-part";
    /// Seed → audit key.
    AuditKey = "audit-key";
    /// Audit key → the input key that seals openings.
    Openings = "openings";
    /// Context of a sealed blob of openings.
    OpeningsPlace = "place-of-openings";
    /// Audit key → the key of identity tags.
    IdentityTagKey = "identity-tag-key";
    /// Message of an identity tag.
    IdentityTag = "tag-of-identity";
    /// Audit key → the key of search terms.
    SearchTermKey = "search-term-key";
    /// Message of a search term.
    SearchTerm = "term-of-search";
    /// Shared secret of the hybrid KEM → the input key of what is sealed to a public key.
    SealTo = "seal-to";
    /// Context of what is sealed to a public key.
    SealToContext = "context-of-seal-to";
    /// HMAC of an API key's secret, as the database stores it.
    ApiKey = "api-key";
    /// HMAC of a refresh or access token, as the database stores it.
    Token = "token";
    /// HMAC of what the login of a device is made of.
    Device = "device";
    /// HMAC of a request under an idempotency key.
    Idempotency = "idempotency";
    /// Message of an object's name, as the database looks it up.
    ObjectName = "name-of-object";
    /// Message of the name of a value in a store, as the database looks it up.
    StoreValueName = "name-of-store-value";
    /// Root of a sealed store → the key of its names.
    SealedNameKey = "sealed-name-key";
    /// Message of a name in a sealed store.
    SealedName = "name-in-sealed-store";
    /// Root of a sealed store → the key that blinds the leaves of its map.
    SealedLeafKey = "sealed-leaf-key";
    /// Message of a leaf of a sealed store's map.
    SealedLeaf = "leaf-of-sealed-store";
    /// Root of a sealed store → the input key that seals its values.
    SealedValueKey = "sealed-value-key";
    /// Context of a value of a sealed store.
    SealedValue = "value-in-sealed-store";
    /// A client's secret → the input key that wraps the root of a sealed store.
    SealedSlotKey = "sealed-slot-key";
    /// Context of a wrapped root of a sealed store.
    SealedSlot = "slot-of-sealed-store";
    /// Stretched passphrase and output of the oblivious PRF → a client's secret.
    SealedPassphrase = "sealed-passphrase";
    /// Digest that tells a mistyped secret of a sealed store from a right one.
    SealedSecretCheck = "check-of-sealed-store";
    /// Message of a keyset's name, as the database looks it up.
    KeysetName = "name-of-keyset";
    /// What all clients of keysets share → what one of another product's clients needs.
    KeysetClient = "keyset-client";
    /// Message of an application's name, as the database looks it up.
    ApplicationName = "name-of-application";
    /// Seed → the private key that signs an application's access tokens.
    ApplicationKey = "key-of-application";
    /// Message of an identity by which a user is looked up in the database.
    UserIdentity = "identity-of-user";
    /// HMAC of an invitation's secret, as the database stores it.
    Invitation = "invitation";
    /// Deployment seed → a key of the deployment.
    Deployment = "deployment";
    /// Seed without a use, by which a customer's key shows that it wraps and unwraps.
    CustomerKeyProof = "proof-of-customer-key";
    /// Index key → the key of one column's terms.
    IndexColumn = "column-of-index";
    /// Column key → the key of its equality terms.
    EqualityKey = "key-of-equality";
    /// Message of an equality term.
    EqualityTerm = "equality-term";
    /// Column key → the key of its text tokens.
    TextKey = "key-of-text";
    /// Message of a text token.
    TextTerm = "text-term";
    /// Column key → the key of its range tokens.
    RangeKey = "key-of-range";
    /// Message of a range token.
    RangeTerm = "range-term";
    /// Column key → the key of its order terms.
    OrderKey = "key-of-order";
    /// Message of an order term.
    OrderTerm = "order-term";
    /// Column key → the key of its document tokens.
    DocumentKey = "key-of-document";
    /// Message of a document token.
    DocumentTerm = "document-term";
    /// Context key → the authority of a keyset.
    KeysetAuthority = "keyset-authority";
    /// Authority of a keyset → the key of one item.
    KeysetItem = "keyset-item";
    /// Key of an item → the material of a data key.
    KeysetMaterial = "keyset-material";
    /// Message of the tag of an item.
    KeysetTag = "keyset-tag";
    /// Message of what tells whose a locked item is.
    KeysetLock = "keyset-lock";
    /// Lock secret → the key of a keyset's index terms.
    KeysetIndex = "keyset-index";
    /// Context key → the authority of a keyset's split keys.
    SplitAuthority = "split-authority";
    /// Message of the server's share of a split key.
    SplitShare = "split-share";
    /// Message of what tells whose a locked split key is.
    SplitLock = "split-lock";
    /// Both shares → the key of one value.
    SplitDataKey = "split-data-key";
    /// Message of what tells the clients' share of one epoch from others.
    SplitCheck = "split-check";
    /// Digest of where a value sealed under a split key belongs.
    SplitPlace = "split-place";
    /// Context of the clients' share, sealed to one client.
    SplitGrant = "grant-of-split-share";
    /// Message of the signature of a grant.
    SplitSignature = "signature-of-split-grant";
    /// Digest of a client's public key, by which people compare it.
    SplitFingerprint = "fingerprint-of-split-client";
    /// Digest that tells a mistyped credential of a split keyset from a right one.
    SplitText = "text-of-split-credential";
    /// Message of the tag of a share of a secret.
    SecretShare = "share-of-secret";
    /// Context key → the key that a client of another product's SDK seals with by itself.
    SdkKey = "key-of-sdk";
    /// Input key of a suite in one piece → the keys of one message.
    OneShot = "one-shot-message";
    /// Shared secret of a hybrid KEM key → the input key of what is sealed to it.
    HybridSeal = "hybrid-seal";
    /// Context of what is sealed to a hybrid KEM key.
    HybridSealed = "sealed-to-hybrid-key";
    /// Digest that names a hybrid KEM key's public key.
    HybridPublicKey = "digest-of-hybrid-key";
    /// The combiner of the hybrids that are not X-Wing.
    HybridSecret = "combined-hybrid-secret";
    /// Digest that binds a seed wrapped by a provider to its place.
    Binding = "binding-of-seed";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_prefix_free() {
        for (i, a) in Label::ALL.iter().enumerate() {
            assert!(a.as_bytes().starts_with(b"strongroom/v1/"), "{a:?}");
            for (j, b) in Label::ALL.iter().enumerate() {
                assert!(
                    i == j || !b.as_bytes().starts_with(a.as_bytes()),
                    "{a:?} {b:?}"
                );
            }
        }
    }
}

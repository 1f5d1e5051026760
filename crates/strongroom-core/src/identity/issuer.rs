//! Trusted issuers: whose tokens a workspace believes.
//!
//! Administering issuers is impersonation: whoever chooses an issuer's keys can be anybody whom it
//! vouches for. An issuer's id and its `iss` are therefore permanent, and an issuer is disabled,
//! never deleted.

use serde::{Deserialize, Serialize};
use strongroom_types::body::{IssuerCreate, IssuerInfo, IssuerKeys, IssuerUpdate};
use strongroom_types::{ClientId, IssuerId, Lock};

use super::jwk::KeySet;
use crate::denial::{Denial, Invalid, TokenFault};
use crate::ports::Micros;
use crate::time::{format_time, seconds};

const SKEW_DEFAULT_S: u32 = 60;
const SKEW_MAX_S: u32 = 300;
const ISS_BYTES_MAX: usize = 512;
const AUDIENCES_MAX: usize = 20;
const AUDIENCE_BYTES_MAX: usize = 512;
const DISPLAY_CLAIMS_MAX: usize = 20;
const URL_BYTES_MAX: usize = 2048;

/// A trusted issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuer {
    /// Permanent; takes part in derivations.
    pub(crate) id: IssuerId,
    /// When it was made.
    pub(crate) created: Micros,
    /// What is believed.
    pub(crate) body: IssuerBody,
}

impl Issuer {
    /// What the API says about it.
    pub(crate) fn info(&self) -> IssuerInfo {
        let body = self.body.clone();
        IssuerInfo {
            id: self.id,
            issuer: body.issuer,
            keys: body.keys,
            audiences: body.audiences,
            clock_skew_s: body.clock_skew_s,
            display_claims: body.display_claims,
            disabled: body.disabled,
            sign_in_audience: body.sign_in_audience,
            acts_as: body.acts_as,
            created: format_time(self.created),
        }
    }
}

/// The part of an issuer that is stored sealed. It obeys the limits of this module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssuerBody {
    /// The `iss` of its tokens, byte for byte.
    pub(crate) issuer: String,
    /// Where its keys come from.
    pub(crate) keys: IssuerKeys,
    /// The `aud` that its tokens must name: one of these.
    pub(crate) audiences: Vec<String>,
    /// The clock skew allowed.
    pub(crate) clock_skew_s: u32,
    /// Claims shown in the log beside the subject.
    pub(crate) display_claims: Vec<String>,
    /// Whether it is suspended.
    pub(crate) disabled: bool,
    /// The `aud` of tokens that sign users in; without it, the issuer signs nobody in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sign_in_audience: Option<String>,
    /// The client as which its identities may act by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acts_as: Option<ClientId>,
}

impl IssuerBody {
    /// Takes a new issuer.
    ///
    /// # Errors
    /// The field that breaks a rule.
    pub(crate) fn from_create(create: IssuerCreate) -> Result<Self, Denial> {
        let body = Self {
            issuer: create.issuer,
            keys: create.keys,
            audiences: create.audiences,
            clock_skew_s: create.clock_skew_s.unwrap_or(SKEW_DEFAULT_S),
            display_claims: create.display_claims,
            disabled: false,
            sign_in_audience: create.sign_in_audience,
            acts_as: None,
        };
        body.check()?;
        Ok(body)
    }

    /// The issuer after an update; absent fields stay.
    ///
    /// # Errors
    /// The field that breaks a rule.
    pub(crate) fn apply(self, update: IssuerUpdate) -> Result<Self, Denial> {
        let sign_in_audience = match update.sign_in_audience {
            None => self.sign_in_audience,
            Some(audience) => Some(audience).filter(|audience| !audience.is_empty()),
        };
        let body = Self {
            issuer: self.issuer,
            keys: update.keys.unwrap_or(self.keys),
            audiences: update.audiences.unwrap_or(self.audiences),
            clock_skew_s: update.clock_skew_s.unwrap_or(self.clock_skew_s),
            display_claims: update.display_claims.unwrap_or(self.display_claims),
            disabled: update.disabled.unwrap_or(self.disabled),
            sign_in_audience,
            acts_as: self.acts_as,
        };
        body.check()?;
        Ok(body)
    }

    /// The clock skew allowed.
    pub(super) fn skew(&self) -> Micros {
        seconds(i64::from(self.clock_skew_s))
    }

    fn check(&self) -> Result<(), Denial> {
        let audiences = &self.audiences;
        let display = &self.display_claims;
        let rules = [
            (sized(&self.issuer, ISS_BYTES_MAX), "issuer"),
            (self.keys_are_usable(), "keys"),
            (
                (1..=AUDIENCES_MAX).contains(&audiences.len())
                    && audiences
                        .iter()
                        .all(|audience| sized(audience, AUDIENCE_BYTES_MAX)),
                "audiences",
            ),
            (self.sign_in_is_apart(), "sign_in_audience"),
            (self.clock_skew_s <= SKEW_MAX_S, "clock_skew_s"),
            (
                display.len() <= DISPLAY_CLAIMS_MAX
                    && display
                        .iter()
                        .all(|claim| sized(claim, Lock::NAME_BYTES_MAX)),
                "display_claims",
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, field)) => Err(Invalid::Field(field.into()).into()),
            None => Ok(()),
        }
    }

    /// What signs in is told from what opens locks.
    fn sign_in_is_apart(&self) -> bool {
        self.sign_in_audience.as_ref().is_none_or(|audience| {
            sized(audience, AUDIENCE_BYTES_MAX) && !self.audiences.contains(audience)
        })
    }

    fn keys_are_usable(&self) -> bool {
        match &self.keys {
            IssuerKeys::Discovery {} => is_fetchable(&self.issuer),
            IssuerKeys::JwksUrl(url) => is_fetchable(url),
            IssuerKeys::Jwks(document) => KeySet::of_public_keys(document).is_some(),
        }
    }
}

fn sized(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len())
}

/// Whether keys may be fetched from the URL: `https`, or `http` to this very machine; visible ASCII
/// without user info, backslash or fragment, so that every reader finds the same host in it.
pub(super) fn is_fetchable(url: &str) -> bool {
    let clean = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#';
    if url.len() > URL_BYTES_MAX || !url.bytes().all(clean) {
        return false;
    }
    let (plain, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => return false,
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let port = authority
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let host = port.map_or(authority, |(host, _)| host);
    let loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&host);
    !host.is_empty() && !authority.contains('@') && (loopback || !plain)
}

/// The issuers of a workspace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Issuers(Vec<Issuer>);

impl Issuers {
    /// Takes the issuers; their `iss` are unique.
    pub(crate) const fn new(issuers: Vec<Issuer>) -> Self {
        Self(issuers)
    }

    /// All of them, the disabled too.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Issuer> {
        self.0.iter()
    }

    /// Finds an issuer, disabled or not, by its id.
    pub(crate) fn by_id(&self, id: IssuerId) -> Option<&Issuer> {
        self.0.iter().find(|issuer| issuer.id == id)
    }

    /// Finds an issuer, disabled or not, by its `iss`, byte for byte.
    pub(crate) fn by_iss(&self, iss: &str) -> Option<&Issuer> {
        self.0.iter().find(|issuer| issuer.body.issuer == iss)
    }

    /// Finds the issuer that is trusted to say `iss`.
    ///
    /// # Errors
    /// [`TokenFault::Issuer`] when there is none, or when it is disabled.
    pub(super) fn trusted(&self, iss: &str) -> Result<&Issuer, TokenFault> {
        self.by_iss(iss)
            .filter(|issuer| !issuer.body.disabled)
            .ok_or(TokenFault::Issuer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::identity::fixture::{self, ed25519};

    fn create(changed: &Value) -> IssuerCreate {
        let mut body = json!({
            "issuer": "https://id.example",
            "keys": {"discovery": {}},
            "audiences": ["app"],
        });
        for (name, value) in changed.as_object().unwrap() {
            body[name] = value.clone();
        }
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_new_issuer_has_the_documented_defaults() {
        let body = IssuerBody::from_create(create(&json!({}))).unwrap();
        assert_eq!(body.clock_skew_s, 60);
        assert!(!body.disabled);
        assert!(body.display_claims.is_empty());
    }

    #[test]
    fn each_rule_names_its_field() {
        let many: Vec<_> = (0..21).map(|i| i.to_string()).collect();
        let private = json!({"kty": "OKP", "crv": "Ed25519", "x": "A".repeat(43), "d": "AA"});
        for (field, wrong) in [
            ("issuer", json!("")),
            ("issuer", json!("x".repeat(513))),
            ("audiences", json!([])),
            ("audiences", json!([""])),
            ("audiences", json!(many)),
            ("sign_in_audience", json!("")),
            ("sign_in_audience", json!("app")),
            ("sign_in_audience", json!("a".repeat(513))),
            ("clock_skew_s", json!(301)),
            ("display_claims", json!(many)),
            ("display_claims", json!([""])),
            ("keys", json!({"jwks_url": "ftp://id.example/keys"})),
            ("keys", json!({"jwks": {"keys": []}})),
            ("keys", json!({"jwks": []})),
            (
                "keys",
                json!({"jwks": {"keys": [ed25519(1).public_jwk(), private]}}),
            ),
            (
                "keys",
                json!({"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}),
            ),
        ] {
            let denial = IssuerBody::from_create(create(&json!({field: wrong}))).unwrap_err();
            assert_eq!(denial, Invalid::Field(field.into()).into(), "{wrong}");
        }
    }

    #[test]
    fn discovery_needs_an_issuer_that_is_a_url() {
        let named = json!({"issuer": "my-issuer"});
        assert!(IssuerBody::from_create(create(&named)).is_err());
        let keys = json!({"keys": [ed25519(1).public_jwk()]});
        let fixed = json!({"issuer": "my-issuer", "keys": {"jwks": keys}});
        assert!(IssuerBody::from_create(create(&fixed)).is_ok());
    }

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for good in [
            "https://id.example",
            "https://id.example:8443/keys?x=1",
            "http://localhost/dev/oidc",
            "http://127.0.0.1:8200/keys",
            "http://[::1]:8200",
        ] {
            assert!(is_fetchable(good), "{good}");
        }
        for wrong in [
            "http://id.example/keys",
            "http://localhost.evil.example",
            "http://127.0.0.1@evil.example/",
            "http://localhost\\@evil.example/",
            "https://",
            "https://:443/",
            "https://id.example/#keys",
            "https://id.example/a b",
            "HTTPS://id.example",
            "file:///etc/passwd",
            "id.example",
        ] {
            assert!(!is_fetchable(wrong), "{wrong}");
        }
    }

    #[test]
    fn updates_keep_what_they_do_not_name() {
        let body = IssuerBody::from_create(create(&json!({}))).unwrap();
        let update = IssuerUpdate {
            disabled: Some(true),
            ..IssuerUpdate::default()
        };
        let changed = body.clone().apply(update).unwrap();
        assert_eq!(
            changed,
            IssuerBody {
                disabled: true,
                ..body.clone()
            }
        );
        let wrong = IssuerUpdate {
            clock_skew_s: Some(301),
            ..IssuerUpdate::default()
        };
        assert!(body.clone().apply(wrong).is_err());
        let sign_in = |audience: &str| IssuerUpdate {
            sign_in_audience: Some(audience.to_owned()),
            ..IssuerUpdate::default()
        };
        assert_eq!(body.sign_in_audience, None);
        let opted = body.apply(sign_in("door")).unwrap();
        assert_eq!(opted.sign_in_audience.as_deref(), Some("door"));
        assert!(opted.clone().apply(sign_in("app")).is_err());
        let kept = opted.clone().apply(IssuerUpdate::default()).unwrap();
        assert_eq!(kept, opted);
        assert_eq!(opted.apply(sign_in("")).unwrap().sign_in_audience, None);
    }

    #[test]
    fn issuers_are_found_byte_for_byte_and_trusted_unless_disabled() {
        let mut issuer = fixture::issuer(&[ed25519(1).public_jwk()]);
        let issuers = Issuers::new(vec![issuer.clone()]);
        let iss = &issuer.body.issuer;
        assert_eq!(issuers.trusted(iss), Ok(&issuer));
        assert_eq!(issuers.by_id(issuer.id), Some(&issuer));
        assert_eq!(issuers.trusted(&format!("{iss}/")), Err(TokenFault::Issuer));
        issuer.body.disabled = true;
        let issuers = Issuers::new(vec![issuer.clone()]);
        assert_eq!(
            issuers.trusted(&issuer.body.issuer),
            Err(TokenFault::Issuer)
        );
        assert_eq!(issuers.by_iss(&issuer.body.issuer), Some(&issuer));
        assert_eq!(issuers.iter().count(), 1);
    }
}

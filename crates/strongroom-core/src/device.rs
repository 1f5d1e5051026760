//! Signing a device in: RFC 8628, with nothing kept before somebody approves.
//!
//! ```text
//! device code = "srd_" ‖ base32(end in seconds, 8 bytes ‖ random, 32 bytes)
//! user code   = two letters of (end / 600) ‖ ten letters of
//!               HMAC-SHA-256(credentials key, label ‖ frame("user code", end ‖ random))
//! API key     = the id and the secret of HMAC-SHA-256(credentials key,
//!               label ‖ frame("key id" or "secret", user code))
//! ```
//!
//! The device keeps its code, people see the other one. Who approves makes a client whose API key only
//! the device's code leads to; until then there is no such key, and asking costs nothing. To find a
//! device's code for a code that somebody reads aloud takes 2⁴² requests in the ten minutes that it
//! lives.

use strongroom_crypto::secret::Secret;
use strongroom_types::{KeyId, base32};
use zeroize::Zeroizing;

use crate::denial::{Denial, Invalid};
use crate::deployment::Deployment;
use crate::door::format_api_key;
use crate::strongroom::Strongroom;

const PREFIX: &str = "srd_";
/// How long a device's code lives, in seconds.
const LIFETIME: i64 = 600;
/// Consonants: no words, and nothing that looks like a digit.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters of a user code that say when it ends, and all of them.
const TIME_LETTERS: usize = 2;
const CODE_LETTERS: usize = 12;

/// A device that is to be signed in.
pub struct DeviceLogin {
    /// What it asks with whether it is.
    pub device_code: Zeroizing<String>,
    /// What somebody types who approves it.
    pub user_code: String,
    /// For how many seconds it may be approved.
    pub expires_in: i64,
}

/// Without the device's code.
impl core::fmt::Debug for DeviceLogin {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DeviceLogin")
            .field("user_code", &self.user_code)
            .finish_non_exhaustive()
    }
}

/// How far a device's login is.
pub enum DeviceState {
    /// Nobody has approved it.
    Pending,
    /// It was not approved in time, or is no code of ours.
    Ended,
    /// It is approved: the API key of its client.
    Approved(Zeroizing<String>),
}

/// Without the key.
impl core::fmt::Debug for DeviceState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Pending => "Pending",
            Self::Ended => "Ended",
            Self::Approved(_) => "Approved",
        })
    }
}

/// A user code: twelve letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserCode(String);

impl UserCode {
    /// Reads what somebody typed: in any case, with or without hyphens and spaces.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let letters = text.chars().filter(|c| !matches!(c, '-' | ' '));
        let code: String = letters.map(|c| c.to_ascii_uppercase()).collect();
        let known = code.bytes().all(|letter| LETTERS.contains(&letter));
        (code.len() == CODE_LETTERS && known).then_some(Self(code))
    }

    /// In three groups.
    fn format(&self) -> String {
        let (first, rest) = self.0.split_at(4);
        let (second, third) = rest.split_at(4);
        format!("{first}-{second}-{third}")
    }

    /// Whether a code that was made up to ten minutes before `now`, in seconds, can be this one.
    pub(crate) fn may_be_approved(&self, now: i64) -> bool {
        let window = now.div_euclid(LIFETIME);
        [window, window + 1]
            .iter()
            .any(|window| self.0.starts_with(&letters(time(*window), TIME_LETTERS)))
    }

    /// The API key that is this login's.
    pub(crate) fn api_key(&self, deployment: &Deployment) -> (KeyId, Secret<32>) {
        let part = |name: &[u8]| deployment.device_mac(&[name, self.0.as_bytes()]);
        (
            KeyId::from_bytes(first(&part(b"key id"))),
            Secret::from_bytes(part(b"secret")),
        )
    }
}

/// The first bytes of a MAC.
fn first<const N: usize>(mac: &[u8; 32]) -> [u8; N] {
    mac.first_chunk().copied().unwrap_or([0; N])
}

/// A ten-minute window, as it is written.
fn time(window: i64) -> u64 {
    window.unsigned_abs() % 400
}

/// A number in letters, the last ones of it.
fn letters(mut number: u64, count: usize) -> String {
    let mut text = vec![b'B'; count];
    for letter in text.iter_mut().rev() {
        let digit = usize::try_from(number % 20).unwrap_or_default();
        *letter = LETTERS.get(digit).copied().unwrap_or(b'B');
        number /= 20;
    }
    text.into_iter().map(char::from).collect()
}

/// What a device's code says.
struct DeviceCode {
    end: i64,
    random: Secret<32>,
}

impl DeviceCode {
    fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(base32::decode(text.strip_prefix(PREFIX)?)?);
        let (end, random) = bytes.split_first_chunk::<8>()?;
        Some(Self {
            end: i64::from_be_bytes(*end),
            random: Secret::from_bytes(random.try_into().ok()?),
        })
    }

    fn format(&self) -> Zeroizing<String> {
        let bytes =
            Zeroizing::new([self.end.to_be_bytes().as_slice(), self.random.expose()].concat());
        Zeroizing::new(format!("{PREFIX}{}", base32::encode(&bytes)))
    }

    fn user_code(&self, deployment: &Deployment) -> UserCode {
        let end = self.end.to_be_bytes();
        let mac = deployment.device_mac(&[b"user code", &end, self.random.expose()]);
        let window = letters(time(self.end.div_euclid(LIFETIME)), TIME_LETTERS);
        let number = u64::from_be_bytes(first(&mac));
        UserCode(window + &letters(number, CODE_LETTERS - TIME_LETTERS))
    }
}

impl Strongroom {
    /// A code for a device, and the one with which somebody approves it. Nothing is kept.
    ///
    /// # Errors
    /// No entropy.
    pub fn device_begin(&self) -> Result<DeviceLogin, Denial> {
        let random =
            Secret::<32>::generate(&*self.entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        let end = self.now_seconds().saturating_add(LIFETIME);
        let code = DeviceCode { end, random };
        Ok(DeviceLogin {
            user_code: code.user_code(&self.deployment).format(),
            device_code: code.format(),
            expires_in: LIFETIME,
        })
    }

    /// How far the login of a device's code is. Whether its client may still do anything is told when
    /// the key is used.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn device_state(&self, device_code: &str) -> Result<DeviceState, Denial> {
        let Some(code) = DeviceCode::parse(device_code) else {
            return Ok(DeviceState::Ended);
        };
        let left = code.end.saturating_sub(self.now_seconds());
        if !(1..=LIFETIME).contains(&left) {
            return Ok(DeviceState::Ended);
        }
        let (id, secret) = code.user_code(&self.deployment).api_key(&self.deployment);
        Ok(match self.store.api_key(id).await? {
            None => DeviceState::Pending,
            Some(_) => DeviceState::Approved(format_api_key(id, secret.expose()).into()),
        })
    }

    /// The code that somebody typed, if it may be approved now.
    pub(crate) fn approvable(&self, typed: &str) -> Result<UserCode, Denial> {
        UserCode::parse(typed)
            .filter(|code| code.may_be_approved(self.now_seconds()))
            .ok_or_else(|| Invalid::Field("user_code".into()).into())
    }

    fn now_seconds(&self) -> i64 {
        self.time.now().div_euclid(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_code_is_read_as_people_type_it() {
        let code = UserCode("BCDFGHJKLMNP".into());
        assert_eq!(code.format(), "BCDF-GHJK-LMNP");
        for typed in ["BCDF-GHJK-LMNP", "bcdfghjklmnp", " bcdf ghjk lmnp "] {
            assert_eq!(UserCode::parse(typed).as_ref(), Some(&code), "{typed}");
        }
        for wrong in [
            "",
            "BCDF-GHJK-LMN",
            "BCDF-GHJK-LMNPQ",
            "ACDF-GHJK-LMNP",
            "BCDF-GHJK-LMNé",
        ] {
            assert_eq!(UserCode::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_user_code_says_when_it_ends() {
        let end = 1_764_000_000 + LIFETIME;
        let code = UserCode(letters(time(end / LIFETIME), 2) + "BBBBBBBBBB");
        for ago in [0, 1, 599, 600] {
            assert!(code.may_be_approved(end - ago), "{ago}");
        }
        for off in [-1201, 600, 86_400] {
            assert!(!code.may_be_approved(end + off), "{off}");
        }
    }

    #[test]
    fn a_device_code_has_one_spelling() {
        let code = DeviceCode {
            end: 1_764_000_000,
            random: Secret::from_bytes([7; 32]),
        };
        let text = code.format();
        assert_eq!(DeviceCode::parse(&text).unwrap().end, code.end);
        for wrong in [
            text.replace("srd_", "sr_"),
            text.to_uppercase(),
            format!("{}0", *text),
        ] {
            assert!(DeviceCode::parse(&wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn letters_count_in_twenties() {
        assert_eq!(letters(0, 2), "BB");
        assert_eq!(letters(19, 2), "BZ");
        assert_eq!(letters(20, 2), "CB");
        assert_eq!(letters(399, 2), "ZZ");
        assert_eq!(letters(u64::MAX, 10).len(), 10);
    }
}

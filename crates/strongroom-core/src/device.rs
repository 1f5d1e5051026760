//! Signing a device in: RFC 8628, with nothing kept before somebody approves.
//!
//! ```text
//! device code = "srd_" ‖ base32(end in minutes, 8 bytes ‖ random, 32 bytes)
//! user code   = a letter of the end ‖ nine letters of MAC("user code", end ‖ random)
//!               ‖ two letters of MAC("check", end ‖ the ten before)
//! API key     = the id and the secret of MAC("key id" or "secret", end ‖ user code)
//! MAC(name, …) = HMAC-SHA-256(credentials key, label ‖ frame(name, …))
//! ```
//!
//! The device keeps its code, people see the other one. Who approves makes a client whose API key only
//! the device's code leads to; until then there is no such key, and asking costs nothing. The check
//! letters tell a code that was given from one that was mistyped, 399 times of 400. To find a
//! device's code for a code that somebody reads aloud takes some 2³⁸ requests in the ten minutes that it
//! lives; after them the same letters belong to another end, and lead to another key.

use strongroom_crypto::secret::Secret;
use strongroom_types::{KeyId, base32};
use zeroize::Zeroizing;

use crate::denial::{Denial, Invalid};
use crate::deployment::Deployment;
use crate::door::format_api_key;
use crate::strongroom::Strongroom;

const PREFIX: &str = "srd_";
/// How long a device's code lives, in minutes; the one that has begun counts.
const LIFETIME: i64 = 10;
/// Consonants: no words, and nothing that looks like a digit.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Letters of a user code: what the device drew, what checks, and all of them.
const DRAWN_LETTERS: usize = 9;
const CHECK_LETTERS: usize = 2;
const CODE_LETTERS: usize = 1 + DRAWN_LETTERS + CHECK_LETTERS;

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

    /// Of what a device drew, with an end.
    fn of(end: i64, random: &Secret<32>, deployment: &Deployment) -> Self {
        let drawn = deployment.device_mac(&[b"user code", &end.to_be_bytes(), random.expose()]);
        let code = end_letter(end) + &letters(u64::from_be_bytes(first(&drawn)), DRAWN_LETTERS);
        let check = check_letters(end, &code, deployment);
        Self(code + &check)
    }

    /// When it ends, if it was given and has not ended.
    fn end(&self, now: i64, deployment: &Deployment) -> Option<i64> {
        let mut ends = now.saturating_add(1)..=now.saturating_add(LIFETIME);
        let end = ends.find(|end| self.0.starts_with(&end_letter(*end)))?;
        let (code, check) = self.0.split_at_checked(CODE_LETTERS - CHECK_LETTERS)?;
        (check == check_letters(end, code, deployment)).then_some(end)
    }

    /// The API key that is this login's.
    fn api_key(&self, end: i64, deployment: &Deployment) -> (KeyId, Secret<32>) {
        let part =
            |name: &[u8]| deployment.device_mac(&[name, &end.to_be_bytes(), self.0.as_bytes()]);
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

/// Which of the minutes that may be meant: there are ten of them, and twenty letters.
fn end_letter(end: i64) -> String {
    letters(end.unsigned_abs(), 1)
}

fn check_letters(end: i64, code: &str, deployment: &Deployment) -> String {
    let mac = deployment.device_mac(&[b"check", &end.to_be_bytes(), code.as_bytes()]);
    letters(u64::from_be_bytes(first(&mac)), CHECK_LETTERS)
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
    /// In minutes.
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
}

impl Strongroom {
    /// A code for a device, and the one with which somebody approves it. Nothing is kept.
    ///
    /// # Errors
    /// No entropy.
    pub fn device_begin(&self) -> Result<DeviceLogin, Denial> {
        let random =
            Secret::<32>::generate(&*self.entropy).map_err(|_no_entropy| Denial::Unavailable)?;
        let end = self.now_minutes().saturating_add(LIFETIME);
        let user_code = UserCode::of(end, &random, &self.deployment);
        Ok(DeviceLogin {
            user_code: user_code.format(),
            device_code: DeviceCode { end, random }.format(),
            expires_in: end * 60 - self.time.now().div_euclid(1_000_000),
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
        let left = code.end.saturating_sub(self.now_minutes());
        if !(1..=LIFETIME).contains(&left) {
            return Ok(DeviceState::Ended);
        }
        let user_code = UserCode::of(code.end, &code.random, &self.deployment);
        let (id, secret) = user_code.api_key(code.end, &self.deployment);
        Ok(match self.store.api_key(id).await? {
            None => DeviceState::Pending,
            Some(_) => DeviceState::Approved(format_api_key(id, secret.expose()).into()),
        })
    }

    /// The API key that the code which somebody typed leads to, if it may be approved now.
    pub(crate) fn approvable(&self, typed: &str) -> Result<(KeyId, Secret<32>), Denial> {
        let code = UserCode::parse(typed);
        let key = code.and_then(|code| {
            let end = code.end(self.now_minutes(), &self.deployment)?;
            Some(code.api_key(end, &self.deployment))
        });
        key.ok_or_else(|| Invalid::Field("user_code".into()).into())
    }

    fn now_minutes(&self) -> i64 {
        self.time.now().div_euclid(60_000_000)
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
    fn a_device_code_has_one_spelling() {
        let code = DeviceCode {
            end: 29_400_000,
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

//! Passwords of other people's users, hashed for whoever checks them.
//!
//! ```text
//! text = "$argon2id$v=19$m=65536,t=3,p=4$" ‖ base64(salt) ‖ "$" ‖ base64(Argon2id(password, salt))
//! ```
//!
//! The text is that of the PHC string format, base64 without padding. Which costs are read is bounded
//! as for every derivation ([`crate::derivation::limits`]). No passphrase of Strongroom's own passes here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::derivation::Derivation;
use crate::entropy::{Entropy, EntropyUnavailable};
use crate::kdf;
use crate::secret::SecretBytes;

/// RFC 9106 section 4, the second recommended choice: 64 MiB, three passes, four lanes.
const COST: Cost = Cost {
    memory_kib: 65_536,
    passes: 3,
    lanes: 4,
};
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// The longest hash that is read.
const HASH_BYTES_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A password that cannot be hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// A text that is no hash of Argon2id, or one that costs too much.
    #[error("not a hash of Argon2id that is read here")]
    Text,
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// Whether it is the password.
    pub valid: bool,
    /// Whether the hash should be made anew, because it is cheaper than those that are made now.
    pub outdated: bool,
}

/// Hashes a password under a fresh salt.
///
/// # Errors
/// There is no randomness.
pub fn hash(password: &[u8], entropy: &dyn Entropy) -> Result<String, PasswordError> {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt)?;
    let hash = COST.derive(password, &salt, HASH_BYTES)?;
    let Cost {
        memory_kib,
        passes,
        lanes,
    } = COST;
    Ok(format!(
        "$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(hash.expose()),
    ))
}

/// Whether a password is the one that was hashed, in constant time.
///
/// # Errors
/// The text is no hash that is read here.
pub fn check(password: &[u8], text: &str) -> Result<Checked, PasswordError> {
    let (cost, salt, hash) = parse(text).ok_or(PasswordError::Text)?;
    let derived = cost.derive(password, &salt, hash.len())?;
    Ok(Checked {
        valid: kdf::verify(derived.expose(), &hash),
        outdated: cost.memory_kib < COST.memory_kib || cost.passes < COST.passes,
    })
}

impl Cost {
    fn derive(
        self,
        password: &[u8],
        salt: &[u8],
        bytes: usize,
    ) -> Result<SecretBytes, PasswordError> {
        let derivation = Derivation::Argon2id {
            salt,
            memory_kib: self.memory_kib,
            passes: self.passes,
            lanes: self.lanes,
        };
        let derived = derivation.derive(password, bytes);
        derived.map_err(|_out_of_bounds| PasswordError::Text)
    }
}

fn parse(text: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let rest = text.strip_prefix("$argon2id$v=19$")?;
    let (cost, rest) = rest.split_once('$')?;
    let (salt, hash) = rest.split_once('$')?;
    let mut costs = cost.split(',');
    let mut next = |name: &str| decimal(costs.next()?.strip_prefix(name)?);
    let cost = Cost {
        memory_kib: next("m=")?,
        passes: next("t=")?,
        lanes: next("p=")?,
    };
    let salt = STANDARD_NO_PAD.decode(salt).ok()?;
    let hash = STANDARD_NO_PAD.decode(hash).ok()?;
    let fits = (SALT_BYTES..=HASH_BYTES_MAX).contains(&hash.len()) && costs.next().is_none();
    fits.then_some((cost, salt, hash))
}

/// A number in its one spelling: no sign, no zero before it.
fn decimal(text: &str) -> Option<u32> {
    text.parse()
        .ok()
        .filter(|number: &u32| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn only_the_password_that_was_hashed_is_valid() {
        let text = hash(b"correct horse", &SystemEntropy).unwrap();
        let valid = Checked {
            valid: true,
            outdated: false,
        };
        assert_eq!(check(b"correct horse", &text), Ok(valid));
        let invalid = Checked {
            valid: false,
            outdated: false,
        };
        assert_eq!(check(b"wrong horse", &text), Ok(invalid));
        assert_ne!(hash(b"correct horse", &SystemEntropy).unwrap(), text);
    }

    /// Made by `argon2-cffi` 25.1: `PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)`.
    #[test]
    fn a_hash_of_another_implementation_is_read() {
        let checked = check(b"password", OF_CFFI).unwrap();
        assert!(checked.valid && checked.outdated);
    }

    const OF_CFFI: &str = "$argon2id$v=19$m=64,t=1,p=1$Uy7Esm12bQtTrnT1AV43tw$LUGe41/i0nYsJK6YM1BXDPkUy6be8lO73Ug/pa5/WP4";

    #[test]
    fn what_is_no_hash_is_refused() {
        let text = hash(b"password", &SystemEntropy).unwrap();
        for wrong in [
            String::new(),
            text.replace("argon2id", "argon2i"),
            text.replace("v=19", "v=16"),
            text.replace("m=65536", "m=131073"),
            text.replace("t=3", "t=17"),
            text.replace("p=4", "p=0"),
            text.replace("p=4", "p=4,x=1"),
            text.replace("m=65536", "m=-1"),
            text.replace("t=3", "t=+3"),
            text.replace("t=3", "t=03"),
            format!("{text}="),
            format!("{text}$"),
            text.rsplit_once('$').unwrap().0.to_owned(),
            "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA".to_owned(),
        ] {
            assert_eq!(
                check(b"password", &wrong),
                Err(PasswordError::Text),
                "{wrong}"
            );
        }
    }

    fn written((cost, salt, hash): &(Cost, Vec<u8>, Vec<u8>)) -> String {
        let Cost {
            memory_kib,
            passes,
            lanes,
        } = cost;
        let [salt, hash] = [salt, hash].map(|bytes| STANDARD_NO_PAD.encode(bytes));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }

    /// One to three characters at a time, set, removed or inserted.
    #[test]
    fn a_hundred_thousand_mutations_are_refused_or_have_one_spelling() {
        let mut state = 0x5eed_u64;
        let mut below = |end: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % u64::try_from(end.max(1)).unwrap()).unwrap()
        };
        let mut read = 0;
        for _ in 0..100_000 {
            let mut text: Vec<char> = OF_CFFI.chars().collect();
            for _ in 0..=below(3) {
                let (at, how) = (below(text.len()), below(4));
                let new = "0123456789+-=$,/mtpAz \u{e9}"
                    .chars()
                    .nth(below(23))
                    .unwrap();
                match how {
                    0 if at < text.len() => drop(text.remove(at)),
                    1 => text.insert(at, new),
                    2 => text.truncate(text.len() - below(3).min(text.len())),
                    _ if at < text.len() => text[at] = new,
                    _ => text.push(new),
                }
            }
            let text: String = text.into_iter().collect();
            if let Some(parsed) = parse(&text) {
                assert_eq!(written(&parsed), text);
                read += 1;
            }
        }
        assert!((1_000..100_000).contains(&read), "{read}");
    }
}

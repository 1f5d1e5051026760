//! How hard a password is to guess, roughly, by its length and its characters.
//!
//! ```text
//! bits = characters that count × log₂(size of the alphabets that occur)
//! ```
//!
//! A character counts unless it repeats the one before it or goes on from it in a sequence (`abc`,
//! `321`). The passwords that everybody tries first have no bits. An upper bound: a sentence from a
//! book has fewer than it seems.

/// What is found in a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one alphabet occurs"
)]
pub struct Strength {
    /// Characters.
    pub length: usize,
    /// Bits, at most.
    pub bits: u32,
    /// Whether there are small letters.
    pub lower: bool,
    /// Whether there are capital letters.
    pub upper: bool,
    /// Whether there are digits.
    pub digits: bool,
    /// Whether there is anything else.
    pub symbols: bool,
    /// Whether it is among those that everybody tries first.
    pub common: bool,
}

/// What is tried first, in small letters: the heads of the published lists.
const COMMON: [&str; 30] = [
    "123456",
    "12345678",
    "123456789",
    "1234567890",
    "password",
    "password1",
    "password123",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "qwerty",
    "qwerty123",
    "qwertyuiop",
    "letmein",
    "welcome",
    "welcome1",
    "admin",
    "admin123",
    "administrator",
    "iloveyou",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "abc123",
    "111111",
    "000000",
    "changeme",
    "secret",
    "trustno1",
];

/// Measures a password.
#[must_use]
pub fn measure(password: &str) -> Strength {
    let any = |is: fn(char) -> bool| password.chars().any(is);
    let lower = any(char::is_lowercase);
    let upper = any(char::is_uppercase);
    let digits = any(char::is_numeric);
    let symbols = any(|one| !one.is_lowercase() && !one.is_uppercase() && !one.is_numeric());
    let small = zeroize::Zeroizing::new(password.to_lowercase());
    let common = COMMON.contains(&small.as_str());
    let alphabets = [(lower, 26_u128), (upper, 26), (digits, 10), (symbols, 33)];
    let sizes = alphabets.iter().filter(|(occurs, _)| *occurs);
    let size: u128 = sizes.map(|(_, size)| size).sum();
    // Tenths of bits, without floating point: log₂(size¹⁰).
    let tenths = size.pow(10).checked_ilog2().unwrap_or(0);
    let counted = u32::try_from(counted(password)).unwrap_or(u32::MAX);
    let bits = counted.saturating_mul(tenths) / 10;
    Strength {
        length: password.chars().count(),
        bits: if common { 0 } else { bits },
        lower,
        upper,
        digits,
        symbols,
        common,
    }
}

/// How many characters count.
fn counted(password: &str) -> usize {
    let mut before = None;
    let news = password.chars().filter(|one| {
        let code = u32::from(*one);
        let is_new = before.is_none_or(|before: u32| before.abs_diff(code) > 1);
        before = Some(code);
        is_new
    });
    news.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_and_more_varied_is_stronger() {
        let bits = |password| measure(password).bits;
        for pair in [
            "",
            "aaaaaaaaaaaa",
            "xkcd",
            "hgtrpq",
            "hgTrpq",
            "hgTrpq7",
            "hgTrpq7!wzKm",
        ]
        .windows(2)
        {
            assert!(bits(pair[0]) <= bits(pair[1]), "{pair:?}");
        }
        assert_eq!(bits("abcdefgh"), bits("a"));
        assert!(bits("hgTrpq7!wzKm") > 60);
    }

    #[test]
    fn what_everybody_tries_has_no_bits() {
        for password in ["password", "PassWord", "P@ssw0rd", "123456"] {
            let strength = measure(password);
            assert!(strength.common && strength.bits == 0, "{password}");
        }
    }

    #[test]
    fn alphabets_are_told_apart() {
        let found = measure("aB3 ");
        assert!(found.lower && found.upper && found.digits && found.symbols);
        assert_eq!(found.length, 4);
        assert!(!measure("abc").symbols);
    }
}

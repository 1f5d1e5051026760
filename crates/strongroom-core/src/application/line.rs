//! Refresh tokens that follow each other.
//!
//! ```text
//!  present ──used──▶ gives a successor; both count
//!  successor ──used──▶ it is the present one, the former is spent
//!  spent ──shown──▶ within a minute: a late request; after that: somebody has a copy
//! ```
//!
//! A token counts until its successor is used: whoever never changes tokens keeps a token that works
//! for its 30 days, and whoever does makes a copy of an older one useless, and telling.

use serde::{Deserialize, Serialize};
use strongroom_crypto::kdf;
use strongroom_types::Bytes;

use crate::ports::Micros;
use crate::time::seconds;

/// What is kept of a token: a keyed hash, and when it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) hash: Bytes,
    pub(crate) expires: Micros,
}

/// A token whose successor was used.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Spent {
    hash: Bytes,
    since: Micros,
}

/// A line of tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) number: u32,
    pub(crate) created: Micros,
    pub(crate) used: Option<Micros>,
    present: Kept,
    /// Those that were given out for the present one, newest last.
    successors: Vec<Kept>,
    /// Oldest first.
    spent: Vec<Spent>,
}

/// What a token that is shown is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// One that counts.
    Counts,
    /// One whose successor was used some time ago: there is a copy.
    Reused,
    /// None of the line, or one that expired.
    Unknown,
}

impl Line {
    /// How long a token that is spent still counts: requests under way at once may pass each other.
    const GRACE: Micros = seconds(60);
    /// The most successors of one token that are remembered.
    const SUCCESSORS_MAX: usize = 4;
    /// The most spent tokens that are remembered.
    const SPENT_MAX: usize = 8;

    pub(super) fn new(number: u32, first: Kept, now: Micros) -> Self {
        Self {
            number,
            created: now,
            used: None,
            present: first,
            successors: Vec::new(),
            spent: Vec::new(),
        }
    }

    /// When the present token expires.
    pub(crate) fn expires(&self) -> Micros {
        self.present.expires
    }

    /// What the token with this hash is.
    pub(crate) fn presented(&self, hash: &[u8], now: Micros) -> Presented {
        let counts = |kept: &Kept| is(&kept.hash, hash) && now < kept.expires;
        if counts(&self.present) || self.successors.iter().any(counts) {
            return Presented::Counts;
        }
        match self.spent.iter().find(|spent| is(&spent.hash, hash)) {
            Some(spent) if now < spent.since.saturating_add(Self::GRACE) => Presented::Counts,
            Some(_) => Presented::Reused,
            None => Presented::Unknown,
        }
    }

    /// Uses a token that counts, and remembers what is given out for it.
    pub(crate) fn use_token(&mut self, hash: &[u8], next: Kept, now: Micros) {
        let mut successors = self.successors.iter();
        if let Some(position) = successors.position(|kept| is(&kept.hash, hash)) {
            let successor = self.successors.swap_remove(position);
            let former = core::mem::replace(&mut self.present, successor);
            if self.spent.len() >= Self::SPENT_MAX {
                self.spent.remove(0);
            }
            self.spent.push(Spent {
                hash: former.hash,
                since: now,
            });
            self.successors.clear();
        }
        if self.successors.len() >= Self::SUCCESSORS_MAX {
            self.successors.remove(0);
        }
        self.successors.push(next);
        self.used = Some(now);
    }
}

fn is(kept: &Bytes, hash: &[u8]) -> bool {
    kdf::verify(&kept.0, hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Micros = seconds(86_400);

    fn kept(name: u8) -> Kept {
        Kept {
            hash: Bytes(vec![name; 32]),
            expires: 30 * DAY,
        }
    }

    fn line() -> Line {
        Line::new(1, kept(0), 0)
    }

    fn is_now(line: &Line, name: u8, now: Micros) -> Presented {
        line.presented(&[name; 32], now)
    }

    #[test]
    fn a_client_that_never_changes_tokens_goes_on_for_thirty_days() {
        let mut line = line();
        for day in 1..30_u8 {
            let now = Micros::from(day) * DAY;
            assert_eq!(is_now(&line, 0, now), Presented::Counts);
            line.use_token(&[0; 32], kept(day), now);
        }
        assert_eq!(is_now(&line, 0, 30 * DAY - 1), Presented::Counts);
        assert_eq!(is_now(&line, 0, 30 * DAY), Presented::Unknown);
        assert_eq!(line.successors.len(), Line::SUCCESSORS_MAX);
    }

    #[test]
    fn a_copy_of_a_token_whose_successor_was_used_is_noticed() {
        let mut line = line();
        line.use_token(&[0; 32], kept(1), 10);
        assert_eq!(is_now(&line, 0, 11), Presented::Counts);
        line.use_token(&[1; 32], kept(2), 20);
        assert_eq!(is_now(&line, 1, 21), Presented::Counts);
        assert_eq!(is_now(&line, 2, 21), Presented::Counts);
        assert_eq!(is_now(&line, 0, 19 + Line::GRACE), Presented::Counts);
        assert_eq!(is_now(&line, 0, 20 + Line::GRACE), Presented::Reused);
    }

    #[test]
    fn what_was_never_given_out_is_unknown() {
        let mut line = line();
        assert_eq!(is_now(&line, 9, 1), Presented::Unknown);
        assert_eq!(line.presented(&[0; 31], 1), Presented::Unknown);
        line.use_token(&[0; 32], kept(1), 1);
        line.use_token(&[0; 32], kept(2), 2);
        line.use_token(&[2; 32], kept(3), 3);
        // Its sibling was used: it counts no more, but nobody can say that it was stolen.
        assert_eq!(is_now(&line, 1, 4), Presented::Unknown);
    }
}

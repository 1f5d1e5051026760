//! Tokens by which a text is found by a part of it.
//!
//! ```text
//! text'   = NFKC(lower case of each scalar of NFKC(text)), each run of white space as one space
//! tokens  = { token(text key, "text-term" ‖ frame(t)) : t is 3 scalars in a row of text' }
//! ```
//!
//! Every trigram of a part is one of the whole, so a text that contains the needle is found. One
//! that has all trigrams of it in other places is found too, and is for the client to see.

use unicode_normalization::UnicodeNormalization as _;

use super::{ColumnKey, TOKENS_MAX, TermError, Token, sorted};
use crate::kdf::Prf;
use crate::label::Label;

/// Unicode scalar values in a token.
pub const TRIGRAM_SCALARS: usize = 3;

impl ColumnKey {
    /// The tokens of a text that is kept. A text of fewer than three scalars has none, and is found
    /// by equality only.
    ///
    /// # Errors
    /// [`TermError::TooLong`].
    pub fn text(&self, text: &str) -> Result<Vec<Token>, TermError> {
        tokens(&self.term_key(Label::TextKey), &normalised(text))
    }

    /// The tokens of a part: rows that have all of them (`@>`) may contain it.
    ///
    /// # Errors
    /// [`TermError::ShortNeedle`], [`TermError::TooLong`].
    pub fn text_query(&self, part: &str) -> Result<Vec<Token>, TermError> {
        let part = normalised(part);
        if part.len() < TRIGRAM_SCALARS {
            return Err(TermError::ShortNeedle {
                scalars: part.len(),
            });
        }
        tokens(&self.term_key(Label::TextKey), &part)
    }
}

fn tokens(key: &Prf, scalars: &[char]) -> Result<Vec<Token>, TermError> {
    let trigrams = scalars.windows(TRIGRAM_SCALARS);
    if trigrams.len() > TOKENS_MAX {
        let tokens = trigrams.len();
        return Err(TermError::TooLong { tokens });
    }
    let token = |trigram: &[char]| {
        let text: String = trigram.iter().collect();
        Token::of(&key.mac(Label::TextTerm, &[text.as_bytes()]))
    };
    Ok(sorted(trigrams.map(token).collect()))
}

/// The scalars that are compared. Lower case is taken of each scalar alone, without its neighbours,
/// so that a part of a text becomes a part of the text.
pub(super) fn normalised(text: &str) -> Vec<char> {
    let lower = text.nfkc().flat_map(char::to_lowercase).nfkc();
    let mut scalars: Vec<char> = Vec::with_capacity(text.len());
    for scalar in lower {
        let scalar = if scalar.is_whitespace() { ' ' } else { scalar };
        if scalar != ' ' || scalars.last() != Some(&' ') {
            scalars.push(scalar);
        }
    }
    scalars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_width_and_white_space_are_alike() {
        let of = |text: &str| normalised(text).iter().collect::<String>();
        assert_eq!(of("  Ｓtraße\t\n1 "), " straße 1 ");
        assert_eq!(
            of("ΟΔΟΣ ΟΔΟΣ"),
            "οδοσ οδοσ",
            "no form for the end of a word"
        );
        assert_eq!(of("e\u{301}"), of("É"));
    }
}

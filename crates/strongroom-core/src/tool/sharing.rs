//! Secrets in shares.

use strongroom_crypto::secret::SecretBytes;
use strongroom_crypto::sharing::{CombineError, Share, SplitError, combine, split};
use strongroom_types::Operation;

use super::{Bench, Tool};
use crate::denial::{Denial, Invalid};
use crate::fips::Algorithm;

/// The name in entries.
const SHAMIR: &str = "Shamir";

/// A secret to be split.
#[derive(Debug)]
pub struct Split {
    /// The secret.
    pub secret: SecretBytes,
    /// How many shares give it.
    pub threshold: u8,
    /// How many shares there are.
    pub total: u8,
}

impl Tool for Split {
    const OPERATION: Operation = Operation::SecretSplit;
    type Answer = Vec<Share>;

    fn algorithm(&self) -> &'static str {
        SHAMIR
    }

    fn in_question(&self) -> Option<Algorithm> {
        Some(Algorithm::SecretSharing)
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn work(&self, bench: &Bench) -> Result<Vec<Share>, Denial> {
        let tagging = |share: &[u8]| bench.state.keys.context_id.share_tag(share);
        let (secret, entropy) = (self.secret.expose(), &*bench.entropy);
        let shares = split(secret, (self.threshold, self.total), entropy, &tagging);
        shares.map_err(|error| match error {
            SplitError::Secret => Invalid::Field("secret".into()).into(),
            SplitError::Threshold => Invalid::Field("threshold".into()).into(),
            SplitError::Work => Invalid::Field("total_shares".into()).into(),
            SplitError::Entropy(_) => Denial::Unavailable,
        })
    }
}

/// A share as it is brought.
#[derive(Debug)]
pub struct SecretShare {
    /// Its index.
    pub index: u8,
    /// Its bytes.
    pub value: SecretBytes,
}

/// Shares to be combined.
#[derive(Debug)]
pub struct Combine(pub Vec<SecretShare>);

impl Tool for Combine {
    const OPERATION: Operation = Operation::SecretCombine;
    type Answer = SecretBytes;

    fn algorithm(&self) -> &'static str {
        SHAMIR
    }

    fn in_question(&self) -> Option<Algorithm> {
        Some(Algorithm::SecretSharing)
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn work(&self, bench: &Bench) -> Result<SecretBytes, Denial> {
        let tagging = |share: &[u8]| bench.state.keys.context_id.share_tag(share);
        let shares = self
            .0
            .iter()
            .map(|share| (share.index, share.value.expose()));
        let shares: Vec<_> = shares.collect();
        combine(&shares, &tagging).map_err(fault)
    }
}

/// Names the share that is at fault.
fn fault(error: CombineError) -> Denial {
    let field = match error {
        CombineError::False(position) => format!("shares[{position}].value"),
        CombineError::Other(position) | CombineError::Repeated(position) => {
            format!("shares[{position}].index")
        }
        CombineError::TooFew { .. } | CombineError::Work => "shares".to_owned(),
    };
    Invalid::Field(field.into()).into()
}

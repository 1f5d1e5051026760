//! The signature of a webhook, as WorkOS' libraries verify it.

use aws_lc_rs::hmac;

use crate::secret::SecretBytes;

/// How old or how far ahead a signed time may be, as their libraries have it by default.
pub const TOLERANCE_MS: u64 = 180_000;

/// `HMAC-SHA256(secret, t ‖ "." ‖ body)`, where `t` is the time in decimal milliseconds.
///
/// The header is `t=<ms>, v1=<hex>`. The secret is the endpoint's, byte for byte as its owner has it.
#[derive(Clone)]
pub struct WebhookKey(hmac::Key);

/// A signature that does not hold. Says nothing of what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not of the form `t=<ms>, v1=<hex>`.
    #[error("signature header is malformed")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("signature's time is outside of the tolerance")]
    Time,
    /// Of another secret, time or body.
    #[error("signature does not verify")]
    Mismatch,
}

impl WebhookKey {
    /// Takes the secret of an endpoint.
    #[must_use]
    pub fn new(secret: &SecretBytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose()))
    }

    /// Signs a body at a time and gives the header's value.
    #[must_use]
    pub fn sign(&self, time_ms: u64, body: &[u8]) -> String {
        let mut signing = hmac::Context::with_key(&self.0);
        signing.update(format!("{time_ms}.").as_bytes());
        signing.update(body);
        let tag = signing.sign();
        format!("t={time_ms}, v1={}", hex(tag.as_ref()))
    }

    /// Verifies a header's value, in a time that does not depend on how much of it is right.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn verify(&self, header: &str, body: &[u8], now_ms: u64) -> Result<(), SignatureError> {
        let (time_ms, tag) = parse(header).ok_or(SignatureError::Malformed)?;
        if time_ms.abs_diff(now_ms) > TOLERANCE_MS {
            return Err(SignatureError::Time);
        }
        let signed = [format!("{time_ms}.").as_bytes(), body].concat();
        hmac::verify(&self.0, &signed, &tag).map_err(|_unequal| SignatureError::Mismatch)
    }
}

impl core::fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WebhookKey").finish_non_exhaustive()
    }
}

fn parse(header: &str) -> Option<(u64, [u8; 32])> {
    let (time, tag) = header.strip_prefix("t=")?.split_once(", v1=")?;
    let number: u64 = time.parse().ok()?;
    // One spelling: no sign, no leading zero.
    (number.to_string() == time).then_some(())?;
    Some((number, unhex(tag)?))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(digit).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut tag = [0; 32];
    (text.len() == 2 * tag.len()).then_some(())?;
    for (slot, pair) in tag.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *slot = digit(*high)? << 4 | digit(*low)?;
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"object":"event"}"#;

    fn key(secret: &[u8]) -> WebhookKey {
        WebhookKey::new(&SecretBytes::from(secret.to_vec()))
    }

    #[test]
    fn a_signature_has_the_form_and_value_of_theirs() {
        // Computed by `hmac.new(b"secret", b'1700000000000.{"object":"event"}', "sha256")`.
        let expected = "t=1700000000000, v1=\
            23a9901d566a533050522622d26e45409112399360c94700a12a984346bb9b72";
        assert_eq!(key(b"secret").sign(1_700_000_000_000, BODY), expected);
    }

    #[test]
    fn only_the_same_secret_time_and_body_verify() {
        let now = 1_700_000_000_000;
        let header = key(b"secret").sign(now, BODY);
        assert_eq!(key(b"secret").verify(&header, BODY, now), Ok(()));
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(key(b"other").verify(&header, BODY, now), mismatch);
        assert_eq!(key(b"secret").verify(&header, b"{}", now), mismatch);
        let later = header.replace("t=1700000000000", "t=1700000000001");
        assert_eq!(key(b"secret").verify(&later, BODY, now), mismatch);
        for at in 0..header.len() {
            let mut altered = header.clone().into_bytes();
            altered[at] ^= 1;
            let altered = String::from_utf8(altered).unwrap();
            assert!(key(b"secret").verify(&altered, BODY, now).is_err(), "{at}");
        }
    }

    #[test]
    fn old_and_early_signatures_are_refused() {
        let signed = 1_700_000_000_000;
        let header = key(b"secret").sign(signed, BODY);
        let at = |now| key(b"secret").verify(&header, BODY, now);
        assert_eq!(at(signed + TOLERANCE_MS), Ok(()));
        assert_eq!(at(signed + TOLERANCE_MS + 1), Err(SignatureError::Time));
        assert_eq!(at(signed - TOLERANCE_MS), Ok(()));
        assert_eq!(at(signed - TOLERANCE_MS - 1), Err(SignatureError::Time));
    }

    #[test]
    fn a_header_has_one_form() {
        let hex = "0".repeat(64);
        for wrong in [
            String::new(),
            "t=1".to_owned(),
            format!("t=1,v1={hex}"),
            format!("t=+1, v1={hex}"),
            format!("t=01, v1={hex}"),
            format!("t=1, v1={}", hex.to_uppercase().replace('0', "A")),
            format!("t=1, v1={hex}0"),
            format!("v1={hex}, t=1"),
            format!("t=18446744073709551616, v1={hex}"),
        ] {
            let refused = key(b"secret").verify(&wrong, BODY, 1);
            assert_eq!(refused, Err(SignatureError::Malformed), "{wrong}");
        }
    }
}

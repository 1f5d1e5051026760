//! Public keys as JWK (RFC 7517, 8037) and as PEM (RFC 7468).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use strongroom_types::SigningAlgorithm;

/// The characters of a line of PEM.
const LINE: usize = 64;

/// `SubjectPublicKeyInfo` as PEM.
pub(super) fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines = encoded.as_bytes().chunks(LINE);
    let lines: String = lines
        .flat_map(|line| line.iter().copied().map(char::from).chain(['\n']))
        .collect();
    format!("-----BEGIN PUBLIC KEY-----\n{lines}-----END PUBLIC KEY-----\n")
}

/// A public key as JWK; `None` for algorithms that are not written so here. The bare key stands at the
/// end of its DER: for Ed25519 32 bytes, for a curve 04 and two coordinates.
pub(super) fn jwk(algorithm: SigningAlgorithm, der: &[u8]) -> Option<Value> {
    let (curve, coordinate_bytes) = match algorithm {
        SigningAlgorithm::Ed25519 => {
            let key = der.last_chunk::<32>()?;
            let x = URL_SAFE_NO_PAD.encode(key);
            return Some(json!({"kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig"}));
        }
        SigningAlgorithm::EcdsaP256 => ("P-256", 32),
        SigningAlgorithm::EcdsaP384 => ("P-384", 48),
        SigningAlgorithm::RsaPss2048
        | SigningAlgorithm::RsaPss3072
        | SigningAlgorithm::RsaPss4096
        | SigningAlgorithm::MlDsa44
        | SigningAlgorithm::MlDsa65
        | SigningAlgorithm::MlDsa87 => return None,
    };
    let start = der.len().checked_sub(2 * coordinate_bytes)?;
    let (x, y) = der.get(start..)?.split_at_checked(coordinate_bytes)?;
    let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
    Some(json!({"kty": "EC", "crv": curve, "x": x, "y": y, "use": "sig"}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_pem_have_64_characters() {
        let text = pem(&[7; 100]);
        let lines: Vec<_> = text.lines().collect();
        let lengths: Vec<_> = lines.iter().map(|line| line.len()).collect();
        assert_eq!(lengths, [26, 64, 64, 8, 24]);
        let body = lines[1..4].concat();
        assert_eq!(STANDARD.decode(body).unwrap(), [7; 100]);
    }

    #[test]
    fn a_key_is_the_end_of_its_der() {
        let der: Vec<u8> = (0..91).collect();
        let key = jwk(SigningAlgorithm::EcdsaP256, &der).unwrap();
        assert_eq!(key["x"], json!(URL_SAFE_NO_PAD.encode(&der[27..59])));
        assert_eq!(key["y"], json!(URL_SAFE_NO_PAD.encode(&der[59..])));
        let key = jwk(SigningAlgorithm::Ed25519, &der[..44]).unwrap();
        assert_eq!(key["x"], json!(URL_SAFE_NO_PAD.encode(&der[12..44])));
        assert_eq!(jwk(SigningAlgorithm::MlDsa65, &der), None);
        assert_eq!(jwk(SigningAlgorithm::EcdsaP384, &der), None);
    }
}

//! The id of a data key, as WorkOS' libraries show it.

/// Names a data key by SHA-256 of its wrapped form, which the log has as `output`: the first 16
/// bytes in the form of a UUID of version 8 (RFC 9562 section 5.8).
#[must_use]
pub fn data_key_id(digest: &[u8; 32]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = (*version & 0x0f) | 0x80;
    *variant = (*variant & 0x3f) | 0x80;
    let number = u128::from_be_bytes(bytes);
    let part = |shift: u32, digits: u32| (number >> shift) & ((1 << (4 * digits)) - 1);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 8),
        part(80, 4),
        part(64, 4),
        part(48, 4),
        part(0, 12)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_8() {
        assert_eq!(
            data_key_id(&[0xff; 32]),
            "ffffffff-ffff-8fff-bfff-ffffffffffff"
        );
        let counted = core::array::from_fn(|place| u8::try_from(place).unwrap());
        assert_eq!(
            data_key_id(&counted),
            "00010203-0405-8607-8809-0a0b0c0d0e0f"
        );
    }
}

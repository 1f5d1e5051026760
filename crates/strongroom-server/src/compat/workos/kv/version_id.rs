//! Versions as their clients carry them: opaque, and of one object only.

use strongroom_types::ObjectId;

/// Stands for a version that is not this object's: versions are counted from 1.
const NEVER: u64 = 0;

/// `<object>/<version>`, as items of the log name versions.
pub(super) fn show(object: ObjectId, version: u64) -> String {
    format!("{object}/{version}")
}

/// The version that a check names. One of another object or of another system is none that this
/// object ever has, so that the check fails as for a stale one.
pub(super) fn read(object: ObjectId, text: &str) -> u64 {
    let number = || {
        let (of, number) = text.rsplit_once('/')?;
        let version: u64 = number.parse().ok()?;
        (of.parse() == Ok(object) && version.to_string() == number).then_some(version)
    };
    number().unwrap_or(NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_for_its_own_object_only() {
        let (one, two) = (ObjectId::from_bytes([1; 16]), ObjectId::from_bytes([2; 16]));
        assert_eq!(read(one, &show(one, 7)), 7);
        assert_eq!(read(two, &show(one, 7)), NEVER);
        let id = show(one, 7);
        for foreign in ["", "7", "34af27f3-0b5e", "obj_/7", &format!("{id}x")] {
            assert_eq!(read(one, foreign), NEVER, "{foreign}");
        }
        assert_eq!(read(one, &format!("{one}/+7")), NEVER);
        assert_eq!(read(one, &format!("{one}/07")), NEVER);
    }
}

//! Entry bundles: up to 256 entries in one blob, C2SP `tlog-tiles`.

/// A bundle that could not be extended or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The entry has more than 65,535 bytes.
    #[error("an entry of {bytes} bytes is too long for a bundle")]
    EntryTooLong {
        /// Its length.
        bytes: usize,
    },
    /// The bundle ends within an entry or its length.
    #[error("the bundle ends within an entry")]
    Truncated,
}

/// Entries one after the other, each after its length.
///
/// ```text
/// (length u16 BE ‖ entry) × width
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryBundle(Vec<u8>);

impl EntryBundle {
    /// Appends an entry.
    ///
    /// # Errors
    /// The entry is longer than a bundle can say.
    pub fn push(&mut self, entry: &[u8]) -> Result<(), BundleError> {
        let length = u16::try_from(entry.len())
            .ok()
            .ok_or(BundleError::EntryTooLong { bytes: entry.len() })?;
        self.0.extend(length.to_be_bytes());
        self.0.extend(entry);
        Ok(())
    }

    /// The bytes to serve.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes the bytes out.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The entries of a bundle's bytes in order. After an error there is nothing more.
    pub fn entries(bytes: &[u8]) -> impl Iterator<Item = Result<&[u8], BundleError>> {
        let mut rest = bytes;
        core::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let Some((entry, after)) = split_entry(rest) else {
                rest = &[];
                return Some(Err(BundleError::Truncated));
            };
            rest = after;
            Some(Ok(entry))
        })
    }
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_reads_what_push_wrote() {
        let longest = vec![7; 65_535];
        let entries = [b"one".as_slice(), b"", b"three", &longest];
        let mut bundle = EntryBundle::default();
        for entry in entries {
            bundle.push(entry).unwrap();
        }
        let read: Result<Vec<_>, _> = EntryBundle::entries(bundle.as_bytes()).collect();
        assert_eq!(read.unwrap(), entries);
    }

    #[test]
    fn push_refuses_an_entry_too_long() {
        let error = EntryBundle::default().push(&vec![0; 65_536]);
        assert_eq!(error, Err(BundleError::EntryTooLong { bytes: 65_536 }));
    }

    #[test]
    fn entries_stops_at_a_truncated_entry() {
        let mut bundle = EntryBundle::default();
        bundle.push(b"one").unwrap();
        bundle.push(b"two").unwrap();
        let bytes = &bundle.as_bytes()[..9];
        let read: Vec<_> = EntryBundle::entries(bytes).collect();
        assert_eq!(read, [Ok(&b"one"[..]), Err(BundleError::Truncated)]);
    }
}

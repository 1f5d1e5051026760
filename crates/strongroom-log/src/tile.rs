//! Tiles: where 256 hashes or entries at a time are found, C2SP `tlog-tiles`.

use core::fmt;
use core::str::FromStr;

/// A tile that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The path is not `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]` in its one spelling.
    #[error("not the path of a tile")]
    Path,
    /// The level is above [`Tile::LEVEL_MAX`].
    #[error("a tile's level is at most {}, not {level}", Tile::LEVEL_MAX)]
    Level {
        /// The level.
        level: u8,
    },
    /// The index lies beyond 2^64 entries.
    #[error("no tile {index}")]
    Index {
        /// The index.
        index: u64,
    },
    /// The width is not within 1 to 256.
    #[error("a tile is 1 to 256 wide, not {width}")]
    Width {
        /// The width.
        width: u16,
    },
    /// The bytes are not `width` hashes.
    #[error("a tile of width {width} has {} bytes, not {bytes}", 32 * width)]
    Length {
        /// The width of the tile.
        width: u16,
        /// How many bytes there are.
        bytes: usize,
    },
    /// The tile holds entries, not hashes.
    #[error("an entry bundle holds no hashes")]
    NoHashes,
    /// No tile that was given holds the node.
    #[error("no tile given holds node {index} of level {level}")]
    Missing {
        /// The level of the node.
        level: u8,
        /// Its index in the level.
        index: u64,
    },
}

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKind {
    /// Hashes of a tile level: 0 has the leaves, each above the roots of 256 hashes below.
    Hashes(u8),
    /// Entries.
    Entries,
}

impl TileKind {
    /// How many of this kind's things there are in a tree of `size` entries.
    fn count(self, size: u64) -> u64 {
        match self {
            Self::Hashes(level) => size.checked_shr(8 * u32::from(level)).unwrap_or(0),
            Self::Entries => size,
        }
    }
}

/// The name of up to 256 consecutive hashes of one level, or of as many entries.
///
/// ```text
/// tile/<L>/<N>[.p/<W>]   tile/entries/<N>[.p/<W>]
/// L 0 to 63   N in groups of three digits, all but the last after `x`   W 1 to 255, if not 256
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    kind: TileKind,
    index: u64,
    width: u16,
}

impl Tile {
    /// The width of a full tile.
    pub const FULL: u16 = 256;
    /// The highest level that a path may name.
    pub const LEVEL_MAX: u8 = 63;

    /// Names a tile.
    ///
    /// # Errors
    /// The part that is out of range.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Result<Self, TileError> {
        if let TileKind::Hashes(level) = kind
            && level > Self::LEVEL_MAX
        {
            return Err(TileError::Level { level });
        }
        if width == 0 || width > Self::FULL {
            return Err(TileError::Width { width });
        }
        if index > u64::MAX >> 8 {
            return Err(TileError::Index { index });
        }
        Ok(Self { kind, index, width })
    }

    /// The tile with that index as wide as a tree of `size` entries has it; `None` where the tree
    /// has nothing of it.
    #[must_use]
    pub fn in_tree(kind: TileKind, index: u64, size: u64) -> Option<Self> {
        let start = index.checked_mul(u64::from(Self::FULL))?;
        let left = kind.count(size).checked_sub(start)?;
        let width = left.min(u64::from(Self::FULL));
        Self::new(kind, index, u16::try_from(width).ok()?).ok()
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// The index of the tile among those of its kind.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// The index, among all of the kind, of the first hash or entry.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.index << 8
    }

    /// Whether a tree of `size` entries has this tile: all that it names exists.
    #[must_use]
    pub fn is_in_tree(&self, size: u64) -> bool {
        self.start()
            .checked_add(u64::from(self.width))
            .is_some_and(|end| end <= self.kind.count(size))
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        write_index(self.index, f)?;
        if self.width < Self::FULL {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

/// Writes 1234067 as `x001/x234/067`.
fn write_index(index: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (high, low) = (index / 1000, index % 1000);
    if high > 0 {
        write_high(high, f)?;
    }
    write!(f, "{low:03}")
}

fn write_high(index: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (high, low) = (index / 1000, index % 1000);
    if high > 0 {
        write_high(high, f)?;
    }
    write!(f, "x{low:03}/")
}

impl FromStr for Tile {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        let rest = path.strip_prefix("tile/").ok_or(TileError::Path)?;
        let (kind, rest) = rest.split_once('/').ok_or(TileError::Path)?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes(read_number(level)?),
        };
        let (index, width) = match rest.split_once(".p/") {
            None => (rest, Self::FULL),
            Some((index, width)) => (index, read_number(width)?),
        };
        if width == Self::FULL && rest != index {
            return Err(TileError::Path);
        }
        Self::new(kind, read_index(index)?, width)
    }
}

/// Reads a decimal number without sign or leading zeroes.
fn read_number<T: FromStr + ToString>(text: &str) -> Result<T, TileError> {
    let number: Option<T> = text.parse().ok();
    number
        .filter(|number| number.to_string() == text)
        .ok_or(TileError::Path)
}

fn read_index(text: &str) -> Result<u64, TileError> {
    let mut index = 0u64;
    let mut groups = text.split('/').peekable();
    while let Some(group) = groups.next() {
        let digits = match groups.peek() {
            Some(_) => group.strip_prefix('x').ok_or(TileError::Path)?,
            None => group,
        };
        if digits.len() != 3 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(TileError::Path);
        }
        // A first group of zeroes would be a second spelling.
        if index == 0 && digits == "000" && groups.peek().is_some() {
            return Err(TileError::Path);
        }
        let value: u64 = digits.parse().ok().ok_or(TileError::Path)?;
        index = index
            .checked_mul(1000)
            .and_then(|index| index.checked_add(value))
            .ok_or(TileError::Path)?;
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_spelling() {
        for path in [
            "tile/0/000",
            "tile/63/x001/x234/067",
            "tile/entries/999.p/255",
            "tile/1/x001/000.p/1",
        ] {
            assert_eq!(path.parse::<Tile>().unwrap().to_string(), path);
        }
        for path in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/+1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/001",
            "tile/0/001/001",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/000.p/1.p/1",
            "tile/data/000",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/x072/x057/x594/x037/x927/936",
        ] {
            assert!(path.parse::<Tile>().is_err(), "{path}");
        }
        assert!(
            "tile/0/x072/x057/x594/x037/x927/935"
                .parse::<Tile>()
                .is_ok()
        );
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_of_the_specification() {
        let of = |level, index| {
            Tile::in_tree(TileKind::Hashes(level), index, 70_000).map(|tile| tile.width())
        };
        assert_eq!(
            (of(0, 272), of(0, 273), of(0, 274)),
            (Some(256), Some(112), None)
        );
        assert_eq!((of(1, 0), of(1, 1), of(1, 2)), (Some(256), Some(17), None));
        assert_eq!((of(2, 0), of(2, 1), of(3, 0)), (Some(1), None, None));
    }
}

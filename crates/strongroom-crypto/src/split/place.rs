//! Which keyset, and where a value belongs.

use aws_lc_rs::digest::{SHA256, digest};
use strongroom_types::{ContextId, WorkspaceId};

use super::value::SPLIT_ID_BYTES;
use crate::frame;
use crate::label::Label;

/// Bytes of the digest of a place.
pub(super) const PLACE_BYTES: usize = 16;

/// Which keyset: everything that its clients seal, grant and check is bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitScope {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The keyset's key context.
    pub keyset: ContextId,
}

/// Where a value belongs in its application's database. It is bound to the value and named again to
/// open it, so that a value that was moved to another column or row does not open there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValuePlace<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The row, where values of one column are to be kept apart.
    pub row: Option<&'a str>,
}

impl ValuePlace<'_> {
    /// `frame(table, column)` or `frame(table, column, row)`: the value's associated data.
    pub(super) fn framed(&self) -> Vec<u8> {
        let (table, column) = (self.table.as_bytes(), self.column.as_bytes());
        match self.row {
            None => frame::list(&[table, column]),
            Some(row) => frame::list(&[table, column, row.as_bytes()]),
        }
    }

    /// `SHA-256("split-place" ‖ frame(id, framed place))`, first 16 bytes: tells a place from another
    /// before any key is derived. Under each id another one, so that equal places do not show.
    pub(super) fn digest(&self, id: &[u8; SPLIT_ID_BYTES]) -> [u8; PLACE_BYTES] {
        let parts = frame::list(&[id, &self.framed()]);
        let hash = digest(&SHA256, &[Label::SplitPlace.as_bytes(), &parts].concat());
        let mut out = [0; PLACE_BYTES];
        out.iter_mut()
            .zip(hash.as_ref())
            .for_each(|(to, from)| *to = *from);
        out
    }
}

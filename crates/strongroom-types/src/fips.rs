//! The modes that restrict algorithms to those that NIST approves.

use crate::coded::coded_enum;

coded_enum! {
    /// Whether only algorithms that NIST approves are used.
    FipsMode: u8 {
        /// All algorithms.
        Disabled = 1, "disabled";
        /// Approved ones where the server chooses; of all others the log says that they are not.
        Preferred = 2, "preferred";
        /// Approved ones and no others.
        Enabled = 3, "enabled";
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro cannot mark one variant as the default"
)]
impl Default for FipsMode {
    fn default() -> Self {
        Self::Disabled
    }
}

//! Formats of other products: read, and written only where their clients read them. Never made for data
//! that Strongroom keeps.

pub mod cryptoserve;
pub mod stack;
pub mod workos;

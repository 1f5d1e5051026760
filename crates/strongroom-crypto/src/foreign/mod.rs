//! Formats of other products: read and written, never made for data that Strongroom keeps.

pub mod stack;
pub mod workos;

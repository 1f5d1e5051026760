//! Lists in pages.

use strongroom_core::{Invalid, PageQuery};

use super::endpoint::QueryParameter;
use crate::edge::{FromParameters, Parameters};

/// The parameters of every list.
pub(super) const PAGE: &[QueryParameter] = &[
    (
        "limit",
        "The most items of the page, 1 to 1,000; 100 if absent.",
    ),
    ("page", "The `next` of the page before."),
];

impl FromParameters for PageQuery {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        Ok(Self {
            limit: parameters.read("limit", |text| text.parse().ok())?,
            page: parameters.text("page")?,
        })
    }
}

//! Lists in pages.

use strongroom_core::{Invalid, PageQuery};

use super::endpoint::{QueryParameter, Written};
use crate::edge::{FromParameters, Parameters};

/// The parameters of every list.
pub(super) const PAGE: &[QueryParameter] = &[
    (
        "limit",
        "The most items of the page, 1 to 1,000; 100 if absent.",
        Written::Number(1, Some(1_000)),
    ),
    ("page", "The `next` of the page before.", Written::Text),
];

impl FromParameters for PageQuery {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        Ok(Self {
            limit: parameters.read("limit", |text| text.parse().ok())?,
            page: parameters.text("page")?,
        })
    }
}

//! Surfaces of other products: their clients, unmodified, work here.
//!
//! Each surface has a folder and routes of its own, is switched on by name, speaks its own errors,
//! and translates into operations of the core. None knows the store or a key.

pub(crate) mod workos;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::response::Response;

use crate::config::Surface;
use crate::edge::Problem;
use crate::routes::endpoint::Endpoint;

/// The surfaces that are switched on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surfaces(BTreeSet<Surface>);

impl Surfaces {
    pub(crate) const fn new(surfaces: BTreeSet<Surface>) -> Self {
        Self(surfaces)
    }

    /// Their routes.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let endpoints = |surface: &Surface| match surface {
            Surface::WorkOs => workos::endpoints(),
        };
        self.0.iter().flat_map(endpoints).collect()
    }

    /// The surface that a path belongs to, routed or not.
    pub(crate) fn of(&self, path: &str) -> Option<Surface> {
        let serves = |surface: &Surface| match surface {
            Surface::WorkOs => workos::serves(path),
        };
        self.0.iter().copied().find(serves)
    }
}

/// Gives an answer the form of its surface: what it refuses, it refuses in the surface's words.
pub(crate) fn answer(surface: Surface, response: Response) -> Response {
    let problem = response.extensions().get::<Arc<Problem>>().cloned();
    match surface {
        Surface::WorkOs => workos::answer(response, problem.as_deref()),
    }
}

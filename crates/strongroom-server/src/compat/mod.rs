//! Surfaces of other products: their clients, unmodified, work here.
//!
//! Each surface has a folder and routes of its own, is switched on by name, speaks its own errors,
//! and translates into operations of the core. None knows the store or a key.

pub(crate) mod cipherstash;
pub(crate) mod cryptoserve;
pub(crate) mod stack;
pub(crate) mod workos;

pub(crate) use cipherstash::{client_key, crn, member, operator, workspace_id};
pub(crate) use cryptoserve::SHIPPED;
pub(crate) use stack::project_of;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::Response;

use crate::config::Surface;
use crate::edge::{Problem, bearer};
use crate::routes::endpoint::Endpoint;

/// The surfaces that are switched on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surfaces {
    on: BTreeSet<Surface>,
    /// What `backend-urls` of Stack Auth's surface names.
    backend_urls: Vec<String>,
    /// What is before the paths of CipherStash's surface, as its clients are told.
    cipherstash_url: String,
}

impl Surfaces {
    pub(crate) const fn new(
        on: BTreeSet<Surface>,
        backend_urls: Vec<String>,
        cipherstash_url: String,
    ) -> Self {
        Self {
            on,
            backend_urls,
            cipherstash_url,
        }
    }

    /// Where clients of CipherStash find the key service: their tokens name it. It ends in a slash, or
    /// they would drop its last part.
    pub(crate) fn key_service(&self) -> String {
        format!("{}/zerokms/", self.cipherstash_url.trim_end_matches('/'))
    }

    /// Where people sign devices of CipherStash's clients in.
    pub(crate) fn device_page(&self) -> String {
        format!(
            "{}/oauth/device",
            self.cipherstash_url.trim_end_matches('/')
        )
    }

    /// The addresses that clients of Stack Auth may turn to.
    pub(crate) fn backend_urls(&self) -> &[String] {
        &self.backend_urls
    }

    /// Their routes.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let endpoints = |surface: &Surface| match surface {
            Surface::WorkOs => workos::endpoints(),
            Surface::Stack => stack::endpoints(),
            Surface::CipherStash => cipherstash::endpoints(),
            Surface::CryptoServe => cryptoserve::endpoints(),
        };
        self.on.iter().flat_map(endpoints).collect()
    }

    /// The surface that a path belongs to, routed or not.
    pub(crate) fn of(&self, path: &str) -> Option<Surface> {
        let serves = |surface: &Surface| match surface {
            Surface::WorkOs => workos::serves(path),
            Surface::Stack => stack::serves(path),
            Surface::CipherStash => cipherstash::serves(path),
            Surface::CryptoServe => cryptoserve::serves(path),
        };
        self.on.iter().copied().find(serves)
    }
}

/// Gives an answer the form of its surface: what it refuses, it refuses in the surface's words.
pub(crate) fn answer(surface: Surface, response: Response) -> Response {
    let problem = response.extensions().get::<Arc<Problem>>().cloned();
    match surface {
        Surface::WorkOs => workos::answer(response, problem.as_deref()),
        Surface::Stack => stack::answer(response, problem.as_deref()),
        Surface::CipherStash => cipherstash::answer(response, problem.as_deref()),
        Surface::CryptoServe => cryptoserve::answer(response, problem.as_deref()),
    }
}

/// The credential of a request, where its surface has another place for it than
/// `Authorization: Bearer`.
pub(crate) fn credential(surface: Option<Surface>, headers: &HeaderMap) -> Option<&str> {
    match surface {
        Some(Surface::Stack) => stack::credential(headers),
        Some(Surface::CryptoServe) => cryptoserve::credential(headers),
        Some(Surface::WorkOs | Surface::CipherStash) | None => bearer(headers),
    }
}

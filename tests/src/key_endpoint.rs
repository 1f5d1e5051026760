//! An HTTP server for one JSON document, which can fail and hang: an issuer's key endpoint.

#![expect(
    clippy::unwrap_used,
    reason = "an endpoint that cannot be set up fails its test"
)]

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::service::{self, Answer};

/// What the endpoint does.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers with this document.
    Serve(Value),
    /// Answers 503.
    Fail,
    /// Accepts the request and says nothing.
    Hang,
}

#[derive(Debug)]
struct State {
    behaviour: Behaviour,
    requests: usize,
}

/// A running endpoint; it ends with the test's runtime.
#[derive(Debug)]
pub struct KeyEndpoint {
    /// Where it listens.
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl KeyEndpoint {
    /// Starts one.
    pub async fn start(behaviour: Behaviour) -> Self {
        let state = Arc::new(Mutex::new(State {
            behaviour,
            requests: 0,
        }));
        let shared = Arc::clone(&state);
        let server = service::start(move |_| answer(Arc::clone(&shared)));
        Self {
            url: format!("{}/jwks.json", server.await),
            state,
        }
    }

    /// Changes what it does.
    pub fn set(&self, behaviour: Behaviour) {
        self.state.lock().unwrap().behaviour = behaviour;
    }

    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }
}

async fn answer(state: Arc<Mutex<State>>) -> Answer {
    let behaviour = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        state.behaviour.clone()
    };
    match behaviour {
        Behaviour::Serve(document) => Some((200, document.to_string().into_bytes())),
        Behaviour::Fail => Some((503, Vec::new())),
        Behaviour::Hang => core::future::pending().await,
    }
}

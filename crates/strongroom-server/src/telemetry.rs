//! What the server tells about itself: log lines and metrics. Never a secret, a token, a key
//! context or a plaintext; `docs/api.md` lists all names.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder as _, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use strongroom_types::Code;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{ParseError, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Telemetry that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not of the form of `tracing`'s directives.
    #[error("log filter is not acceptable")]
    Filter(#[from] ParseError),
    /// Log lines of this process go elsewhere already.
    #[error("log lines of this process already have a destination")]
    Started(#[from] TryInitError),
}

/// Sends the log lines of this process to standard error, in colour if it is a terminal. `filter` chooses them, for example
/// `info` or `strongroom_server=debug`.
///
/// # Errors
/// The filter cannot be read, or this was done before.
pub fn start(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let harmless = filter_fn(|metadata| is_harmless(metadata.target(), *metadata.level()));
    match format {
        LogFormat::Text => lines.finish().with(harmless).try_init()?,
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true);
            lines.finish().with(harmless).try_init()?;
        }
    }
    Ok(())
}

/// Whether a line may be written at all, whatever the filter says: below `info` the AWS SDK writes
/// whole requests, and a seed that is to be wrapped stands in one.
fn is_harmless(target: &str, level: tracing::Level) -> bool {
    !target.starts_with("aws_") || level <= tracing::Level::INFO
}

/// Upper bounds of the request histogram, in seconds.
const SECONDS: &[f64] = &[
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// The statuses that answers have. Another one counts as 500.
const STATUSES: &[u16] = &[
    200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 503, 500,
];

const REQUESTS: &str = "strongroom_requests_total";
const REQUEST_SECONDS: &str = "strongroom_request_seconds";
const DENIALS: &str = "strongroom_denials_before_authentication_total";
const ENTRIES: &str = "strongroom_log_entries_total";
const IN_WORK: &str = "strongroom_requests_in_work";

/// One route's part in the metrics. A counter appears once it has counted something.
#[derive(Debug)]
struct RouteMetrics {
    method: &'static str,
    path: &'static str,
    seconds: Histogram,
    statuses: Vec<(u16, OnceLock<Counter>)>,
}

/// The metrics of one server, in Prometheus' terms.
pub(crate) struct Metrics {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    routes: BTreeMap<(&'static str, &'static str), RouteMetrics>,
    elsewhere: RouteMetrics,
    denials: Vec<(Code, OnceLock<Counter>)>,
    entries: Counter,
    in_work: Gauge,
}

impl core::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A request that was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) method: &'a Method,
    /// `None` for a path that no route serves.
    pub(crate) route: Option<&'a str>,
    pub(crate) status: StatusCode,
    /// The code of a refusal.
    pub(crate) code: Option<Code>,
    /// Whether an entry was written.
    pub(crate) logged: bool,
    pub(crate) took: Duration,
}

impl Metrics {
    /// Prepares the metrics of these routes: method and path.
    pub(crate) fn new(routes: impl Iterator<Item = (&'static str, &'static str)>) -> Self {
        // Only an empty list of bounds is refused.
        let builder = PrometheusBuilder::new();
        let recorder = match builder.set_buckets(SECONDS) {
            Ok(builder) => builder.build_recorder(),
            Err(_empty) => PrometheusBuilder::new().build_recorder(),
        };
        describe(&recorder);
        let routes = routes
            .map(|(method, path)| ((method, path), route_metrics(&recorder, method, path)))
            .collect();
        let codes = Code::ALL.iter().map(|&code| (code, OnceLock::new()));
        Self {
            handle: recorder.handle(),
            routes,
            elsewhere: route_metrics(&recorder, "other", "other"),
            denials: codes.collect(),
            entries: counter(&recorder, ENTRIES, Vec::new()),
            in_work: recorder.register_gauge(&Key::from_name(IN_WORK), &METADATA),
            recorder,
        }
    }

    /// Counts a request in.
    pub(crate) fn begin(&self) {
        self.in_work.increment(1.0);
    }

    /// Counts a request out.
    pub(crate) fn end(&self, answered: Answered<'_>) {
        self.in_work.decrement(1.0);
        let routes: &BTreeMap<(&str, &str), RouteMetrics> = &self.routes;
        let known = answered
            .route
            .and_then(|path| routes.get(&(answered.method.as_str(), path)));
        let route = known.unwrap_or(&self.elsewhere);
        route.seconds.record(answered.took);
        let status = answered.status.as_u16();
        let slot = route.statuses.iter().find(|(known, _)| *known == status);
        if let Some((status, slot)) = slot.or_else(|| route.statuses.last()) {
            slot.get_or_init(|| self.requests(route, *status))
                .increment(1);
        }
        if answered.logged {
            self.entries.increment(1);
        } else if let Some(code) = answered.code {
            self.deny(code);
        }
    }

    /// A refusal without an entry: its caller was not known.
    fn deny(&self, code: Code) {
        if let Some((code, slot)) = self.denials.iter().find(|(known, _)| *known == code) {
            let labels = vec![Label::from_static_parts("code", code.name())];
            slot.get_or_init(|| counter(&self.recorder, DENIALS, labels))
                .increment(1);
        }
    }

    fn requests(&self, route: &RouteMetrics, status: u16) -> Counter {
        let labels = vec![
            Label::from_static_parts("method", route.method),
            Label::from_static_parts("route", route.path),
            Label::new("status", status.to_string()),
        ];
        counter(&self.recorder, REQUESTS, labels)
    }

    /// The text that Prometheus reads.
    pub(crate) fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds recorded durations into buckets, so that they do not pile up where nobody reads them.
    pub(crate) fn tidy(&self) {
        self.handle.run_upkeep();
    }
}

const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

fn counter(recorder: &PrometheusRecorder, name: &'static str, labels: Vec<Label>) -> Counter {
    recorder.register_counter(&Key::from_parts(name, labels), &METADATA)
}

fn route_metrics(
    recorder: &PrometheusRecorder,
    method: &'static str,
    path: &'static str,
) -> RouteMetrics {
    let labels = vec![
        Label::from_static_parts("method", method),
        Label::from_static_parts("route", path),
    ];
    let key = Key::from_parts(REQUEST_SECONDS, labels);
    let statuses = STATUSES.iter().map(|&status| (status, OnceLock::new()));
    RouteMetrics {
        method,
        path,
        seconds: recorder.register_histogram(&key, &METADATA),
        statuses: statuses.collect(),
    }
}

fn describe(recorder: &PrometheusRecorder) {
    for (name, text) in [
        (REQUESTS, "Requests by method, route and status"),
        (DENIALS, "Refusals of callers who are not known, by code"),
        (ENTRIES, "Answers that name an entry of a log"),
    ] {
        recorder.describe_counter(name.into(), Some(Unit::Count), text.into());
    }
    let seconds = "Time from the header of a request to the header of its answer";
    recorder.describe_histogram(REQUEST_SECONDS.into(), Some(Unit::Seconds), seconds.into());
    let in_work = "Requests that are not answered yet";
    recorder.describe_gauge(IN_WORK.into(), Some(Unit::Count), in_work.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_filter_lets_the_aws_sdk_write_whole_requests() {
        use tracing::Level;
        for target in ["aws_smithy_runtime::client::orchestrator", "aws_sigv4"] {
            assert!(!is_harmless(target, Level::TRACE));
            assert!(!is_harmless(target, Level::DEBUG));
            assert!(is_harmless(target, Level::INFO));
        }
        assert!(is_harmless("strongroom_server", Level::TRACE));
    }

    fn answered(route: Option<&'static str>, status: StatusCode) -> Answered<'static> {
        Answered {
            method: &Method::POST,
            route,
            status,
            code: None,
            logged: true,
            took: Duration::from_millis(1),
        }
    }

    #[test]
    fn requests_are_counted_by_route_and_status() {
        let metrics = Metrics::new([("POST", "/v1/encrypt")].into_iter());
        for status in [StatusCode::OK, StatusCode::OK, StatusCode::BAD_REQUEST] {
            metrics.begin();
            metrics.end(answered(Some("/v1/encrypt"), status));
        }
        let text = metrics.render();
        let line = r#"strongroom_requests_total{method="POST",route="/v1/encrypt",status="200"} 2"#;
        assert!(text.contains(line), "{text}");
        assert!(text.contains("strongroom_log_entries_total 3"), "{text}");
        assert!(text.contains("strongroom_requests_in_work 0"), "{text}");
    }

    #[test]
    fn a_callers_path_never_becomes_a_label() {
        let metrics = Metrics::new([("POST", "/v1/encrypt")].into_iter());
        metrics.begin();
        metrics.end(answered(Some("/hunter2"), StatusCode::NOT_FOUND));
        let text = metrics.render();
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains(r#"route="other""#), "{text}");
    }

    #[test]
    fn refusals_of_unknown_callers_are_counted_by_code() {
        let metrics = Metrics::new(core::iter::empty());
        metrics.begin();
        metrics.end(Answered {
            code: Some(Code::Unauthenticated),
            logged: false,
            ..answered(None, StatusCode::UNAUTHORIZED)
        });
        let line = r#"authentication_total{code="unauthenticated"} 1"#;
        assert!(metrics.render().contains(line));
    }
}

//! `/api/audit` and `/api/admin/audit`: the one log, in their words. What the log tells is in `/v1/log`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use strongroom_core::{Answered, EntriesQuery, Invalid, parse_time};
use strongroom_types::body::{EntriesPage, EntryView};
use strongroom_types::{ClientId, ContextName, KeyContext, Kind, Operation, Outcome, RequestId};

use crate::edge::{App, Caller, Document, FromParameters, Parameters, Query, Reply, Text, ok, raw};

/// What is looked for. The log finds by key context, operation and time; the rest is looked at in what
/// it found, so that a page may hold fewer entries than asked for and still name a next one.
#[derive(Debug)]
pub(super) struct Search {
    query: EntriesQuery,
    client: Option<ClientId>,
    success: Option<bool>,
}

impl FromParameters for Search {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let name = |text: &str| text.parse::<ContextName>().ok();
        let context = parameters.read("context", name)?;
        let map = context.map(|name| KeyContext::new([("context", name.as_str())]));
        let map = map
            .transpose()
            .map_err(|_never| Invalid::Parameter("context"))?;
        let query = EntriesQuery {
            from: parameters.read("start_date", parse_time)?,
            to: parameters.read("end_date", parse_time)?,
            operation: parameters.read("operation", Operation::from_name)?,
            kind: map.is_some().then_some(Kind::Named),
            key_context: map,
            limit: parameters.read("limit", |text| text.parse().ok())?,
            page: parameters.text("page")?,
            ..EntriesQuery::default()
        };
        Ok(Self {
            query,
            client: parameters.read("identity_id", |text| text.parse().ok())?,
            success: parameters.read("success", |text| text.parse().ok())?,
        })
    }
}

/// The parts of a search that are looked at in what was found.
#[derive(Clone, Copy)]
struct Sieve {
    client: Option<ClientId>,
    success: Option<bool>,
}

impl Search {
    const fn sieve(&self) -> Sieve {
        Sieve {
            client: self.client,
            success: self.success,
        }
    }
}

impl Sieve {
    fn admits(self, entry: &EntryView) -> bool {
        self.client
            .is_none_or(|client| entry.client == Some(client))
            && self
                .success
                .is_none_or(|success| is_success(entry) == success)
    }

    fn logs(self, page: EntriesPage) -> Logs {
        let admitted = page.entries.into_iter().filter(|entry| self.admits(entry));
        Logs {
            logs: admitted.map(Log::from).collect(),
            next: page.next,
        }
    }
}

const fn is_success(entry: &EntryView) -> bool {
    matches!(entry.outcome, Outcome::Allowed | Outcome::Completed)
}

/// An entry, as their answers write one.
#[derive(Serialize)]
pub(super) struct Log {
    id: u64,
    timestamp: String,
    operation: Operation,
    context: Option<String>,
    success: bool,
    error_message: Option<&'static str>,
    identity_id: Option<ClientId>,
    algorithm: Option<&'static str>,
    count: u32,
    ip_address: Option<String>,
    user_agent: Option<String>,
    request_id: RequestId,
}

fn context(entry: &EntryView) -> Option<String> {
    let map = entry.key_context.as_ref()?;
    map.value("context").map(str::to_owned)
}

impl From<EntryView> for Log {
    fn from(entry: EntryView) -> Self {
        Self {
            id: entry.index,
            operation: entry.operation,
            context: context(&entry),
            success: is_success(&entry),
            error_message: entry.reason.map(strongroom_types::Reason::name),
            identity_id: entry.client,
            algorithm: entry.suite.map(strongroom_types::Suite::name),
            count: entry.count,
            ip_address: entry.address,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            timestamp: entry.time,
        }
    }
}

/// Entries, oldest first.
#[derive(Serialize)]
pub(super) struct Logs {
    logs: Vec<Log>,
    /// `page` of the next ones.
    next: Option<String>,
}

pub(super) async fn list(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(search): Query<Search>,
) -> Reply<Document<Logs>> {
    let sieve = search.sieve();
    let found = app.room.log_entries(&ask, search.query).await;
    ok(
        &ask,
        found.map(|answered| answered.map(|page| sieve.logs(page))),
    )
}

/// What the entries count up to.
#[derive(Default, Serialize)]
pub(super) struct Stats {
    total_operations: usize,
    successful: usize,
    failed: usize,
    by_operation: BTreeMap<&'static str, usize>,
    by_context: BTreeMap<String, usize>,
    /// Where not all entries were counted, the `page` of the next ones.
    next: Option<String>,
}

impl Stats {
    fn of(entries: &[EntryView]) -> Self {
        let mut stats = Self::default();
        for entry in entries {
            stats.total_operations += 1;
            if is_success(entry) {
                stats.successful += 1;
            } else {
                stats.failed += 1;
            }
            *stats
                .by_operation
                .entry(entry.operation.name())
                .or_default() += 1;
            if let Some(context) = context(entry) {
                *stats.by_context.entry(context).or_default() += 1;
            }
        }
        stats
    }
}

pub(super) async fn stats(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(search): Query<Search>,
) -> Reply<Document<Stats>> {
    let sieve = search.sieve();
    let found = app.room.log_gather(&ask, search.query).await;
    let of = |mut page: EntriesPage| {
        page.entries.retain(|entry| sieve.admits(entry));
        Stats {
            next: page.next,
            ..Stats::of(&page.entries)
        }
    };
    ok(&ask, found.map(|answered| answered.map(of)))
}

/// How entries are written for other programs.
#[derive(Clone, Copy, Debug)]
enum Format {
    Csv,
    Json,
}

/// `?format=csv|json`, and what is looked for.
#[derive(Debug)]
pub(super) struct Export(Format, Search);

impl FromParameters for Export {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
        let format = parameters.read("format", |text| match text {
            "csv" => Some(Format::Csv),
            "json" => Some(Format::Json),
            _ => None,
        })?;
        Ok(Self(
            format.unwrap_or(Format::Json),
            Search::read(parameters)?,
        ))
    }
}

/// Where the next entries of an export are, which has no room for it in itself.
const NEXT: &str = "x-next-page";

pub(super) async fn export(
    State(app): State<App>,
    Caller(ask): Caller,
    Query(Export(format, search)): Query<Export>,
) -> Reply<Response> {
    let sieve = search.sieve();
    let found = app.room.log_gather(&ask, search.query).await;
    let found = found.map(|answered| answered.map(|page| sieve.logs(page)));
    let next = found
        .as_ref()
        .ok()
        .and_then(|found| found.value.next.clone());
    let written = found.map(|Answered { value, entry }| Answered {
        value: match format {
            Format::Csv => csv(&value.logs).into_bytes(),
            // Texts and numbers always serialise.
            Format::Json => serde_json::to_vec(&value.logs).unwrap_or_default(),
        },
        entry,
    });
    let mut response = raw(&ask, Text::Octets, written)?;
    let (kind, name) = match format {
        Format::Csv => (
            "text/csv; charset=utf-8",
            "attachment; filename=\"audit.csv\"",
        ),
        Format::Json => ("application/json", "attachment; filename=\"audit.json\""),
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
        headers.insert(NEXT, next);
    }
    Ok(response)
}

const COLUMNS: [&str; 12] = [
    "id",
    "timestamp",
    "operation",
    "context",
    "success",
    "error_message",
    "identity_id",
    "algorithm",
    "count",
    "ip_address",
    "user_agent",
    "request_id",
];

/// RFC 4180, every field in quotes.
fn csv(logs: &[Log]) -> String {
    let header = COLUMNS.map(field).join(",");
    let lines = logs
        .iter()
        .map(|log| log.fields().map(|text| field(&text)).join(","));
    let lines: Vec<_> = core::iter::once(header).chain(lines).collect();
    format!("{}\r\n", lines.join("\r\n"))
}

/// What a table's program takes for the beginning of a formula.
const SIGNS: &str = "=+-@\t\r\n|%";
/// What ends a cell, in one country or another: a program that expects `;` reads `,` as text and
/// quotes behind it as such, and begins cells where this one ends none.
const SEPARATORS: &str = ",;\t\r\n";
/// What may stand before a formula.
const PADDING: &str = " \u{feff}\"'";

/// A field. Callers write some of what the log holds, and a table's program takes what begins like a
/// formula for one: an apostrophe before it says that it is text.
fn field(text: &str) -> String {
    let mut written = String::from("\"");
    let mut begins = true;
    for letter in text.chars() {
        if begins && SIGNS.contains(letter) {
            written.push('\'');
        }
        if letter == '"' {
            written.push('"');
        }
        written.push(letter);
        begins = SEPARATORS.contains(letter) || begins && PADDING.contains(letter);
    }
    written.push('"');
    written
}

impl Log {
    fn fields(&self) -> [String; 12] {
        let or_empty = |text: Option<&str>| text.unwrap_or_default().to_owned();
        [
            self.id.to_string(),
            self.timestamp.clone(),
            self.operation.name().to_owned(),
            or_empty(self.context.as_deref()),
            self.success.to_string(),
            or_empty(self.error_message),
            self.identity_id
                .map(|id| id.to_string())
                .unwrap_or_default(),
            or_empty(self.algorithm),
            self.count.to_string(),
            or_empty(self.ip_address.as_deref()),
            or_empty(self.user_agent.as_deref()),
            self.request_id.to_string(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_never_a_formula() {
        for (text, written) in [
            ("", "\"\""),
            ("curl/8", "\"curl/8\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =1", "\"  '=1\""),
            ("'=1", "\"''=1\""),
            ("\t=1", "\"'\t'=1\""),
            ("a\",=1", "\"a\"\",'=1\""),
            ("x;=1", "\"x;'=1\""),
            ("x; \"=1", "\"x; \"\"'=1\""),
            ("x\t@SUM(A1)", "\"x\t'@SUM(A1)\""),
            ("x\n-1", "\"x\n'-1\""),
            ("a;b,c=1", "\"a;b,c=1\""),
        ] {
            assert_eq!(field(text), written);
        }
    }

    #[test]
    fn a_line_has_as_many_fields_as_the_header() {
        assert_eq!(csv(&[]).matches(',').count(), COLUMNS.len() - 1);
    }
}

//! `strongroom log entries`.

use clap::Args;
use strongroom_client::EntryFilter;
use strongroom_types::{KeyContext, Kind, Operation, Outcome};

use crate::config::ConnectionArgs;
use crate::failure::Failure;
use crate::{argument, print};

/// Prints entries.
#[derive(Args, Debug)]
#[command(after_help = "\
Who was refused Acme's data this year:
  strongroom log entries --context tenant=acme --outcome denied --from 2026-01-01T00:00:00Z

Every use on behalf of one person:
  strongroom log entries --subject alice --issuer https://login.example.com")]
pub(in crate::command) struct EntriesArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// From this time on, RFC 3339
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Up to and without this time, RFC 3339
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Of this operation, for example `decrypt`
    #[arg(long, value_parser = argument::operation)]
    operation: Option<Operation>,
    /// For this subject
    #[arg(long, value_name = "SUB")]
    subject: Option<String>,
    /// For subjects of this issuer
    #[arg(long, value_name = "ISS")]
    issuer: Option<String>,
    /// With this key context, as `key=value,…` or as a JSON object; in batches too
    #[arg(long, value_parser = argument::key_context)]
    context: Option<KeyContext>,
    /// The kind of that key context: context, named, store, keyset
    #[arg(long, value_parser = argument::kind, requires = "context", default_value = "context")]
    kind: Kind,
    /// That ended so: allowed, denied, failed, completed
    #[arg(long, value_parser = argument::outcome)]
    outcome: Option<Outcome>,
    /// At most so many; all if absent
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

pub(super) async fn run(args: EntriesArgs) -> Result<(), Failure> {
    let client = args.connection.client()?;
    let mut left = args.limit.unwrap_or(u64::MAX);
    let mut filter = EntryFilter {
        from: args.from,
        to: args.to,
        operation: args.operation,
        subject: args.subject,
        issuer: args.issuer,
        key_context: args.context,
        kind: Some(args.kind),
        outcome: args.outcome,
        limit: None,
        page: None,
    };
    while left > 0 {
        let page = client.log().entries(&filter).await?;
        for entry in page.entries {
            if left > 0 {
                left -= 1;
                print::line(serde_json::to_string(&entry).map_err(std::io::Error::from)?)?;
            }
        }
        match page.next {
            Some(next) => filter.page = Some(next),
            None => break,
        }
    }
    Ok(())
}

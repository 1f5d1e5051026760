//! `strongroom demo`: the whole promise on a real table, by the server's own answers.
//!
//! Everything goes over HTTP through `strongroom-client`, as another program would do it. Each step
//! checks what it says; the first thing that is not so ends the demo with an error.

mod attack;
mod destroy;
mod error;
mod prove;
mod report;
mod rotate;
mod seal;
mod stage;
mod table;

pub(crate) use error::DemoError;

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::print;
use report::Report;
use stage::Stage;
use table::Table;

/// Seals a real table, attacks it, proves every use.
#[derive(Args, Debug)]
#[command(after_help = "\
The shipped table, flights that left New York on two days of 2013:
  strongroom demo

A table of yours; one column is the tenant, one the person that a row belongs to:
  strongroom demo --csv patients.csv --tenant-column clinic --identity-column patient")]
pub(crate) struct DemoArgs {
    /// A table with a header row, instead of the shipped one
    #[arg(long, value_name = "FILE", requires_all = ["tenant_column", "identity_column"])]
    csv: Option<PathBuf>,
    /// The column that says whose tenant a row is
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    tenant_column: Option<String>,
    /// The column that says to whom a row is locked
    #[arg(long, value_name = "COLUMN", requires = "csv")]
    identity_column: Option<String>,
}

impl DemoArgs {
    fn table(&self) -> Result<Table, DemoError> {
        match (&self.csv, &self.tenant_column, &self.identity_column) {
            (Some(path), Some(tenant), Some(identity)) => Table::read(path, tenant, identity),
            _ => Table::shipped(),
        }
    }
}

pub(super) async fn run(args: &DemoArgs) -> Result<(), Failure> {
    let table = args.table()?;
    print::line(format_args!(
        "{} records of {} tenants and {} identities",
        table.records().len(),
        table.tenants().len(),
        table.identities().len(),
    ))?;
    let mut report = Report::start();
    let stage = Stage::set(&table, &mut report).await?;
    let played = play(&stage, &table, &mut report).await;
    stage.strike().await;
    played?;
    report.print()?;
    print::line("demo: ok")?;
    Ok(())
}

async fn play(stage: &Stage, table: &Table, report: &mut Report) -> Result<(), DemoError> {
    let mut sealed = seal::seal_all(stage, table, report).await?;
    let refusals = attack::attack(stage, table, &sealed, report).await?;
    seal::open_all(stage, table, &sealed, None, report).await?;
    let [rotated, destroyed] = table.two_tenants()?;
    rotate::rotate(stage, table, &mut sealed, rotated, report).await?;
    destroy::destroy(stage, table, &sealed, destroyed, report).await?;
    prove::prove(stage, &refusals, report).await
}

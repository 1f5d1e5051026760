//! One tenant leaves: their key is destroyed.

use super::DemoError;
use super::report::Report;
use super::seal::{Sealed, open_all};
use super::stage::Stage;
use super::table::Table;

/// Destroys the tenant's key, and shows that their records are gone and all others, the rewrapped
/// ones included, still open.
pub(super) async fn destroy(
    stage: &Stage,
    table: &Table,
    sealed: &Sealed,
    tenant: &str,
    report: &mut Report,
) -> Result<(), DemoError> {
    let mut rows = table.rows_of(tenant);
    let Some(sample) = rows.next().and_then(|(row, _)| sealed.get(row)) else {
        return Ok(());
    };
    stage.client.contexts().destroy(sample.key.id).await?;
    report.end("destroy a tenant's key", 1 + rows.count(), 0);
    open_all(stage, table, sealed, Some(tenant), report).await
}

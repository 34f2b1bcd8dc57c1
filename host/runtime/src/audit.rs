//! The audit log: every decision and effect, chained and signed.

use crate::host::{Port, not_available};
use anteroom_api::{AuditFilter, AuditRecord, AuditReport, Page, Problem};

pub(crate) async fn list(
    _port: &Port,
    _filter: AuditFilter,
    _before: Option<String>,
    _limit: u32,
) -> Result<Page<AuditRecord>, Problem> {
    Err(not_available("the audit log"))
}

pub(crate) async fn report(_port: &Port) -> Result<AuditReport, Problem> {
    Err(not_available("the audit log"))
}

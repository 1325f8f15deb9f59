//! Trackers: exports become settlements, and what changed since the last ones is told.

use payme_core::audit::EventBody;
use payme_core::catalog::plan_import;
use payme_core::catalog::tracker::{TrackerExport, TrackerPlan, TrackerReport, plan_tracker};
use payme_core::ports::Commit;
use serde::Serialize;

use super::{CatalogReport, Driver, DriverError};

/// What an import of trackers did to the catalogue, and what became of every row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrackerImport {
    /// What changed in the catalogue.
    pub catalog: CatalogReport,
    /// What became of every row, and what changed since the last exports.
    pub report: TrackerReport,
}

impl Driver {
    /// Takes in exports of trackers; importing the same ones again changes nothing, and their
    /// order does not matter.
    ///
    /// # Errors
    /// [`DriverError::Store`], [`DriverError::Reading`] or [`DriverError::Contention`]; nothing
    /// is written then.
    pub async fn import_trackers(
        &self,
        exports: &[TrackerExport],
    ) -> Result<TrackerImport, DriverError> {
        self.decide(async |driver| driver.try_import_trackers(exports).await).await
    }

    async fn try_import_trackers(
        &self,
        exports: &[TrackerExport],
    ) -> Result<(Commit, TrackerImport), DriverError> {
        let basis = self.basis().await?;
        let state = self.store.tracker_state().await?;
        let TrackerPlan { rows, settlements, report } =
            plan_tracker(&state, &basis.settlements, exports);
        let mut plan = plan_import(&basis.settlements, settlements);
        plan.tracker_rows = rows;
        let (refused, all) = (report.counts.refused, report.rows.len());
        let cause = EventBody::TrackerImported { rows: all - refused, refused };
        let (commit, catalog) = self.commit_catalog(basis, plan, Some(cause)).await?;
        Ok((commit, TrackerImport { catalog, report }))
    }
}

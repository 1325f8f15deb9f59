//! Evidence: take in bank and mail records or ready-made features, and keep features current.

use std::collections::BTreeMap;

use payme_core::audit::{Event, EventBody};
use payme_core::evidence::{
    EvidenceChange, StoredEvidence, UserFeatures, plan_features, plan_records,
};
use payme_core::ports::Commit;
use payme_core::sync::Page;
use payme_core::types::{Person, Source, State, UserId};
use serde::Serialize;

use super::{Driver, DriverError};

/// What an import of records did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct EvidenceReport {
    /// Records that are new.
    pub added: usize,
    /// Records that changed.
    pub changed: usize,
    /// Records that were removed.
    pub removed: usize,
    /// Records that were stored just so.
    pub unchanged: usize,
    /// Features that were written.
    pub features_written: usize,
    /// Features that are gone.
    pub features_gone: usize,
}

/// What an import of a features file did, counted in people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct FeaturesReport {
    /// People who are new.
    pub added: usize,
    /// People of whom something changed.
    pub changed: usize,
    /// People who were stored just so.
    pub unchanged: usize,
}

impl Driver {
    /// Takes in pages of one person's records; the same pages again change nothing.
    ///
    /// # Errors
    /// [`DriverError::Store`], [`DriverError::Reading`] or [`DriverError::Contention`]; nothing
    /// is written then.
    pub async fn import_records(
        &self,
        user: UserId,
        source: Source,
        pages: Vec<Page>,
    ) -> Result<EvidenceReport, DriverError> {
        self.import_records_and_state(user, None, source, pages).await
    }

    /// The same, and where the person lives if it is given, in one transaction.
    ///
    /// # Errors
    /// As [`Driver::import_records`].
    pub async fn import_records_and_state(
        &self,
        user: UserId,
        state: Option<State>,
        source: Source,
        pages: Vec<Page>,
    ) -> Result<EvidenceReport, DriverError> {
        let report = self
            .decide(async |driver| driver.try_import(user, state, source, pages.clone()).await)
            .await?;
        Ok(report)
    }

    async fn try_import(
        &self,
        user: UserId,
        state: Option<State>,
        source: Source,
        pages: Vec<Page>,
    ) -> Result<(Commit, EvidenceReport), DriverError> {
        let (revision, reading) = self.reading().await?;
        let stored = self.evidence_of(user).await?;
        let mut change = plan_records(&stored, pages, &reading);
        change.on_catalog = Some(revision);
        change.person.state = state.or(stored.person.state);
        change.person_changed = change.person != stored.person;
        let report = EvidenceReport {
            added: change.records.added.len(),
            changed: change.records.changed.len(),
            removed: change.records.removed.len(),
            unchanged: change.records.unchanged,
            features_written: change.features.len(),
            features_gone: change.features_gone.len(),
        };
        if change.is_empty() {
            return Ok((Commit::Done, report));
        }
        let mut bodies = Vec::new();
        if !change.records.is_empty() {
            bodies.push(EventBody::EvidenceImported {
                source,
                added: report.added,
                changed: report.changed,
                removed: report.removed,
            });
        } else if report.features_written + report.features_gone > 0 {
            bodies.push(EventBody::FeaturesRefreshed {
                written: report.features_written,
                gone: report.features_gone,
            });
        }
        if change.person_changed || bodies.is_empty() {
            bodies.push(EventBody::PersonChanged);
        }
        let events: Vec<Event> =
            bodies.into_iter().map(|body| self.event(Some(user), body)).collect();
        Ok((self.store.commit_evidence(&[change], &events).await?, report))
    }

    /// Takes in a features file: each line states all imported features of one person.
    ///
    /// # Errors
    /// [`DriverError::Store`] or [`DriverError::Contention`]; nothing is written then.
    pub async fn import_features(
        &self,
        people: Vec<UserFeatures>,
    ) -> Result<FeaturesReport, DriverError> {
        self.decide(async |driver| driver.try_import_features(people.clone()).await).await
    }

    async fn try_import_features(
        &self,
        people: Vec<UserFeatures>,
    ) -> Result<(Commit, FeaturesReport), DriverError> {
        let mut report = FeaturesReport::default();
        let mut changes: BTreeMap<UserId, EvidenceChange> = BTreeMap::new();
        let mut events = Vec::new();
        for incoming in people {
            let user = incoming.person().user_id;
            let stored = self.evidence_of(user).await?;
            let change = plan_features(&stored, incoming);
            match (stored.version, change.is_empty()) {
                (None, _) => report.added += 1,
                (Some(_), false) => report.changed += 1,
                (Some(_), true) => {
                    report.unchanged += 1;
                    continue;
                }
            }
            let body = EventBody::FeaturesImported {
                written: change.features.len(),
                gone: change.features_gone.len(),
            };
            events.push(self.event(Some(user), body));
            changes.insert(user, change);
        }
        if changes.is_empty() {
            return Ok((Commit::Done, report));
        }
        let changes: Vec<EvidenceChange> = changes.into_values().collect();
        Ok((self.store.commit_evidence(&changes, &events).await?, report))
    }

    /// States all that is known of a person beside the evidence; answers whether anything changed.
    ///
    /// # Errors
    /// As [`Driver::change_person`].
    pub async fn set_person(&self, person: Person) -> Result<bool, DriverError> {
        self.change_person(person.user_id, |_| person.clone()).await
    }

    /// Changes what is known of a person beside the evidence; answers whether anything changed.
    /// What others change meanwhile is kept: `change` is applied to what is stored then.
    ///
    /// # Errors
    /// [`DriverError::Store`] or [`DriverError::Contention`].
    pub async fn change_person(
        &self,
        user_id: UserId,
        change: impl Fn(Person) -> Person,
    ) -> Result<bool, DriverError> {
        self.decide(async |driver| {
            let stored = driver.evidence_of(user_id).await?;
            let person = Person { user_id, ..change(stored.person.clone()) };
            if stored.version.is_some() && person == stored.person {
                return Ok((Commit::Done, false));
            }
            let change = EvidenceChange::of_person(&stored, person);
            let event = driver.event(Some(user_id), EventBody::PersonChanged);
            Ok((driver.store.commit_evidence(&[change], &[event]).await?, true))
        })
        .await
    }

    async fn evidence_of(&self, user: UserId) -> Result<StoredEvidence, DriverError> {
        let stored = self.store.evidence(user).await?;
        Ok(stored.unwrap_or_else(|| StoredEvidence::none(Person::unknown(user))))
    }
}

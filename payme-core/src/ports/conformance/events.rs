//! Cases of the event log.

use serde_json::Number;

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::made::{
    about, adding, at, batch_id, change, changing, event, made, record_id, run, run_id, settlement,
    settlement_id, user,
};
use super::matching::assign;
use super::payouts_made::{attorney, destination_id};
use crate::audit::{Event, EventBody, SequencedEvent};
use crate::claims::ClaimState;
use crate::matching::{Assignment, ExperimentKey, Variant};
use crate::payouts::{AttorneyStatus, DestinationProvider, ProviderTransferId, RailStatus};
use crate::ports::{MatchBatch, Store};
use crate::ranking::Preference;
use crate::types::{Source, Version};

/// The log from its start; places must be positive and grow.
async fn log(store: &dyn Store, step: &str) -> Result<Vec<SequencedEvent>, Failure> {
    let entries = answered(step, store.events_after(0, usize::MAX).await)?;
    let mut last = 0;
    for entry in &entries {
        if entry.sequence <= last {
            let found = format!("place {} behind {last}", entry.sequence);
            return Err(Failure::new(step, "growing places from 1", found));
        }
        last = entry.sequence;
    }
    Ok(entries)
}

/// Compares the whole log, whatever the places are.
async fn log_is(store: &dyn Store, step: &str, events: &[Event]) -> Result<(), Failure> {
    let found = log(store, step).await?;
    let expected: Vec<SequencedEvent> = events
        .iter()
        .enumerate()
        .map(|(i, event)| SequencedEvent {
            sequence: found.get(i).map_or(0, |entry| entry.sequence),
            event: event.clone(),
        })
        .collect();
    equal(step, &expected, &found)
}

async fn append(store: &dyn Store, step: &str, events: &[Event]) -> Result<(), Failure> {
    answered(step, store.append_events(events).await)
}

/// One event of every kind.
fn every_kind() -> Result<Vec<Event>, Failure> {
    let who = Some(user(1));
    let experiment_key = ExperimentKey::default();
    let bodies = [
        (None, EventBody::CatalogImported { added: 1, changed: 2 }),
        (None, EventBody::TrackerImported { rows: 3, refused: 1 }),
        (None, EventBody::MerchantsImported { added: 1, changed: 2 }),
        (None, EventBody::MerchantsLearned { aliases: 7 }),
        (
            who,
            EventBody::EvidenceImported { source: Source::Gmail, added: 1, changed: 2, removed: 3 },
        ),
        (who, EventBody::FeaturesImported { written: 1, gone: 2 }),
        (who, EventBody::FeaturesRefreshed { written: 2, gone: 1 }),
        (who, EventBody::TransactionCorrected { record_id: record_id(1) }),
        (who, EventBody::PersonChanged),
        (who, EventBody::ResultsShown { run_id: run_id(1), shown: 4 }),
        (None, EventBody::MlExportCompleted { sample_count: 9, labeled_count: 5 }),
        (
            None,
            EventBody::MlRetrainCompleted {
                promoted: true,
                weights_version: 3,
                precision_at_5: made(Number::from_f64(0.1).ok_or(()))?,
                sample_count: 9,
                deltas: [("brier".to_owned(), made(Number::from_f64(-1e-17).ok_or(()))?)].into(),
            },
        ),
        (
            who,
            EventBody::ExperimentExposed {
                experiment_key,
                variant: Variant::RulesOnly,
                forced: true,
            },
        ),
        (who, EventBody::MatchRunStarted { run_id: run_id(1), variant: Variant::RulesVector }),
        (
            who,
            EventBody::MatchRunCompleted { run_id: run_id(1), candidate_count: 9, result_count: 3 },
        ),
        (
            who,
            EventBody::PreferenceSet {
                settlement_id: settlement_id(1),
                starred: true,
                pinned: true,
                pinned_order: Some(-1),
            },
        ),
        (who, EventBody::AttorneyRegistered { attorney_id: attorney(1) }),
        (
            who,
            EventBody::AttorneyStatusChanged {
                attorney_id: attorney(1),
                status: AttorneyStatus::Suspended,
            },
        ),
        (who, EventBody::ApiKeyIssued { attorney_id: attorney(1) }),
        (
            who,
            EventBody::DestinationLinked {
                destination_id: destination_id(1),
                provider: DestinationProvider::Plaid,
            },
        ),
        (who, EventBody::DestinationRevoked { destination_id: destination_id(1) }),
        (who, EventBody::QuestionsSet { settlement_id: settlement_id(1), questions: 2 }),
        (
            who,
            EventBody::ClaimMoved { settlement_id: settlement_id(1), state: ClaimState::Submitted },
        ),
        (
            who,
            EventBody::ClaimAnswered { settlement_id: settlement_id(1), answers: 1, evidence: 2 },
        ),
        (
            None,
            EventBody::PayoutWebhookReceived {
                event_type: "TRANSFER_EVENTS_UPDATE".to_owned(),
                transfer_id: Some(ProviderTransferId("rail-1".to_owned())),
                status: Some(RailStatus::Settled),
            },
        ),
    ];
    // Ids fall while places grow: the order is that of writing, not that of ids.
    (0_u8..).zip(bodies).map(|(n, (who, body))| about(250 - n, who, body)).collect()
}

pub(super) async fn the_log_is_empty_at_first(store: &dyn Store) -> Result<(), Failure> {
    log_is(store, "an empty store", &[]).await?;
    append(store, "no event", &[]).await?;
    log_is(store, "after no event", &[]).await
}

pub(super) async fn every_kind_reads_back_in_order(store: &dyn Store) -> Result<(), Failure> {
    let events = every_kind()?;
    append(store, "one of every kind", &events).await?;
    log_is(store, "one of every kind", &events).await
}

pub(super) async fn pages_follow_each_other(store: &dyn Store) -> Result<(), Failure> {
    let events = (1..=5).map(event).collect::<Result<Vec<_>, _>>()?;
    append(store, "three events", &events[..3]).await?;
    append(store, "two more", &events[3..]).await?;
    log_is(store, "five events", &events).await?;
    let all = log(store, "five events").await?;
    let place = |i: usize| all.get(i).map_or(0, |entry| entry.sequence);
    let table: [(&str, i64, usize, &[SequencedEvent]); 6] = [
        ("no room", 0, 0, &[]),
        ("the first", 0, 1, &all[..1]),
        ("the second and third", place(0), 2, &all[1..3]),
        ("the rest", place(2), 9, &all[3..]),
        ("behind the last", place(4), 9, &[]),
        ("before the first", -7, 2, &all[..2]),
    ];
    for (step, after, limit, expected) in table {
        let found = answered(step, store.events_after(after, limit).await)?;
        equal(step, &expected.to_vec(), &found)?;
    }
    Ok(())
}

pub(super) async fn every_commit_writes_its_events(store: &dyn Store) -> Result<(), Failure> {
    let events = (1..=7).map(event).collect::<Result<Vec<_>, _>>()?;
    let plan = adding(vec![settlement(1)?]);
    done("a catalogue", store.commit_catalog(&plan, &[], &events[..1]).await)?;
    let new = change(user(1), None);
    done("evidence", store.commit_evidence(&[new], &events[1..2]).await)?;
    done("no evidence", store.commit_evidence(&[], &events[2..3]).await)?;
    let assigned = assignment(Variant::RulesOnly);
    done("an assignment", assign(store, None, &assigned, &events[3..4]).await)?;
    let runs = [run(1, user(1), 1, 1)?];
    done("a run", store.commit_runs(&runs, None, &events[4..5]).await)?;
    done("no run", store.commit_runs(&[], None, &events[5..6]).await)?;
    let starred = Preference::none(user(1), settlement_id(1)).star(true);
    done("a preference", store.commit_preference(&starred, &events[6..]).await)?;
    log_is(store, "each with its event", &events).await
}

pub(super) async fn a_conflict_leaves_none(store: &dyn Store) -> Result<(), Failure> {
    let [kept, lost] = [event(1)?, event(2)?];
    append(store, "an event", std::slice::from_ref(&kept)).await?;
    let lost = [lost];
    let stale = Some(Version::FIRST);
    let plan = changing(vec![(Version::FIRST, settlement(1)?)]);
    conflict("a catalogue", store.commit_catalog(&plan, &[], &lost).await)?;
    let changes = [change(user(1), None), change(user(2), stale)];
    conflict("evidence", store.commit_evidence(&changes, &lost).await)?;
    let [old, new] = [assignment(Variant::RulesOnly), assignment(Variant::RulesVector)];
    conflict("an assignment", assign(store, Some(&old), &new, &lost).await)?;
    let batch = MatchBatch {
        id: batch_id(1),
        request: "request".to_owned(),
        started: at(1)?,
        cursor: None,
        done: 0,
        finished: true,
    };
    let runs = [run(1, user(1), 1, 1)?];
    let batch = Some((&batch, Some(user(1))));
    conflict("a run", store.commit_runs(&runs, batch, &lost).await)?;
    let starred = Preference { version: stale, ..Preference::none(user(1), settlement_id(1)) };
    conflict("a preference", store.commit_preference(&starred, &lost).await)?;
    log_is(store, "after five conflicts", std::slice::from_ref(&kept)).await?;
    append(store, "the event of the conflicts", &lost).await?;
    let [lost] = lost;
    log_is(store, "after writing it", &[kept, lost]).await
}

pub(super) async fn a_stored_id_is_refused(store: &dyn Store) -> Result<(), Failure> {
    let first = event(1)?;
    append(store, "an event", std::slice::from_ref(&first)).await?;
    let plan = adding(vec![settlement(1)?]);
    let events = [event(2)?, first.clone()];
    let step = "an entry of the log is written again";
    if let Ok(commit) = store.commit_catalog(&plan, &[], &events).await {
        return Err(Failure::new(step, "an error", format!("{commit:?}")));
    }
    log_is(store, "after the refusal", &[first]).await?;
    equal(step, &0, &answered(step, store.catalog().await)?.len())
}

fn assignment(variant: Variant) -> Assignment {
    Assignment {
        user_id: user(1),
        experiment_key: ExperimentKey::default(),
        variant,
        forced: false,
    }
}

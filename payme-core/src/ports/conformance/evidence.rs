//! Cases of one person's evidence.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::made::{
    Made, bare_feature, bare_message, bare_transaction, change, date, feature, full_message,
    full_transaction, key, made, record_id, state, stored, support, user,
};
use crate::evidence::{EvidenceChange, Origin, StoredEvidence};
use crate::ports::Store;
use crate::sync::StoredRecord;
use crate::types::{Person, RecordId, Source, UserId, Version};

/// The evidence after a change, as every store must apply it.
pub(super) fn applied(mut stored: StoredEvidence, change: &EvidenceChange) -> StoredEvidence {
    stored.version = Some(stored.version.map_or(Version::FIRST, Version::next));
    stored.person = change.person.clone();
    change.records.apply(&mut stored.records);
    for id in &change.features_gone {
        stored.features.remove(id);
    }
    for feature in &change.features {
        stored.features.insert(feature.id(), feature.feature.clone());
    }
    stored.support.retain(|support| !change.support_gone.contains(support));
    stored.support.extend(change.support.iter().cloned());
    for id in &change.corrections_gone {
        stored.corrections.remove(id);
    }
    let corrections = change.corrections.iter();
    stored.corrections.extend(corrections.map(|one| (one.record(), one.clone())));
    for id in &change.anomalies_gone {
        stored.anomalies.remove(id);
    }
    stored.anomalies.extend(change.anomalies.iter().copied());
    stored
}

/// Commits a change that must be written, and reads back what it must have made.
pub(super) async fn commit(
    store: &dyn Store,
    step: &str,
    before: StoredEvidence,
    change: &EvidenceChange,
) -> Made<StoredEvidence> {
    done(step, store.commit_evidence(std::slice::from_ref(change), &[]).await)?;
    let after = applied(before, change);
    evidence_is(store, step, &after).await?;
    Ok(after)
}

/// Compares part by part, so that a failure names the record it is about.
pub(super) async fn evidence_is(
    store: &dyn Store,
    step: &str,
    expected: &StoredEvidence,
) -> Result<(), Failure> {
    let id = expected.person.user_id;
    let Some(found) = answered(step, store.evidence(id).await)? else {
        return equal(step, &Some(expected.clone()), &None);
    };
    for (id, record) in &expected.records {
        let step = format!("{step}, record {id}");
        equal(&step, &Some(record.clone()), &found.records.get(id).cloned())?;
    }
    for (id, feature) in &expected.features {
        let step = format!("{step}, feature {} {} {}", id.0, id.1.as_str(), id.2.as_str());
        let bits = |confidence: f64| Some(confidence.to_bits());
        let got = found.features.get(id);
        let got_bits = got.map(|feature| feature.confidence.get().to_bits());
        equal(&step, &bits(feature.confidence.get()), &got_bits)?;
        equal(&step, &true, &(got == Some(feature)))?;
    }
    let step_person = format!("{step}, the person");
    equal(&step_person, &true, &(expected.person == found.person))?;
    equal(step, expected, &found)
}

pub(super) fn nobody(id: UserId) -> StoredEvidence {
    StoredEvidence::none(Person::unknown(id))
}

async fn support_is(
    store: &dyn Store,
    step: &str,
    (text, source): (&str, Source),
    records: &[u8],
) -> Result<(), Failure> {
    let expected: Vec<RecordId> = records.iter().map(|n| record_id(*n)).collect();
    let found = answered(step, store.support(user(1), &key(text)?, source).await)?;
    equal(step, &expected, &found)
}

pub(super) async fn nobody_is_there_at_first(store: &dyn Store) -> Result<(), Failure> {
    let step = "an empty store";
    equal(step, &None, &answered(step, store.evidence(user(1)).await)?)?;
    equal(step, &None, &answered(step, store.user_features(user(1)).await)?)?;
    equal(step, &0, &answered(step, store.user_count().await)?)?;
    equal(step, &Vec::new(), &answered(step, store.users_after(None, 10).await)?)?;
    equal(step, &Vec::new(), &answered(step, store.users_with_records().await)?)?;
    support_is(store, step, ("merchant:uber", Source::Plaid), &[]).await
}

pub(super) async fn a_new_person_reads_back(store: &dyn Store) -> Result<(), Failure> {
    let unknown = change(user(1), None);
    commit(store, "a person of whom nothing is known", nobody(user(1)), &unknown).await?;
    let mut known = change(user(200), None);
    known.person.state = Some(state("PR")?);
    known.person.date_of_birth = Some(date("1950-02-28")?);
    known.person_changed = true;
    commit(store, "a person of whom all is known", nobody(user(200)), &known).await?;
    let step = "the first person, again";
    evidence_is(store, step, &applied(nobody(user(1)), &unknown)).await?;
    equal(step, &2, &answered(step, store.user_count().await)?)
}

pub(super) async fn a_person_can_change(store: &dyn Store) -> Result<(), Failure> {
    let new = change(user(1), None);
    let stored = commit(store, "a new person", nobody(user(1)), &new).await?;
    let mut told = change(user(1), stored.version);
    told.person.state = Some(state("CA")?);
    told.person_changed = true;
    let stored = commit(store, "the state is told", stored, &told).await?;
    let mut told = change(user(1), stored.version);
    told.person = Person { date_of_birth: Some(date("2000-01-01")?), ..stored.person.clone() };
    told.person_changed = true;
    commit(store, "the birthday is told", stored, &told).await.map(drop)
}

pub(super) async fn records_read_back(store: &dyn Store) -> Result<(), Failure> {
    let mut new = change(user(1), None);
    new.records.added =
        vec![full_message(200)?, full_transaction(3)?, bare_message(2), bare_transaction(1)?];
    let stored = commit(store, "records of both kinds", nobody(user(1)), &new).await?;
    let mut other = change(user(2), None);
    other.records.added = vec![bare_transaction(3)?];
    commit(store, "a record of the same id of another", nobody(user(2)), &other).await?;
    let mut next = change(user(1), stored.version);
    next.records.changed = vec![full_transaction(1)?, bare_message(200)];
    next.records.added = vec![full_message(5)?];
    commit(store, "records change", stored, &next).await?;
    evidence_is(store, "the other person", &applied(nobody(user(2)), &other)).await
}

pub(super) async fn a_removed_record_leaves_a_trace(store: &dyn Store) -> Result<(), Failure> {
    let mut new = change(user(1), None);
    new.records.added = vec![full_transaction(1)?, full_message(2)?, bare_message(3)];
    new.records.traces = vec![record_id(9)];
    let stored = commit(store, "three records, one removed unseen", nobody(user(1)), &new).await?;
    let mut next = change(user(1), stored.version);
    next.records.removed = vec![record_id(1), record_id(2)];
    let stored = commit(store, "two of them removed", stored, &next).await?;
    let live = |record: &&StoredRecord| matches!(record, StoredRecord::Live(_));
    equal("the suite itself", &1, &stored.records.values().filter(live).count())
}

pub(super) async fn features_read_back(store: &dyn Store) -> Result<(), Failure> {
    let mut new = change(user(1), None);
    new.features = vec![
        stored(Origin::Import, feature("merchant:uber", Source::Plaid, 0.1 + 0.2)?),
        stored(Origin::Records, feature("merchant:uber", Source::Plaid, 0.7 + 0.05)?),
        stored(Origin::Records, feature("merchant:uber", Source::Gmail, f64::MIN_POSITIVE)?),
        stored(Origin::Records, bare_feature("category:travel", Source::Plaid)?),
        stored(Origin::Import, feature("subscription:active", Source::Plaid, 0.0)?),
    ];
    commit(store, "features of both origins", nobody(user(1)), &new).await?;
    let mut other = change(user(2), None);
    other.features = vec![stored(Origin::Records, bare_feature("merchant:uber", Source::Plaid)?)];
    commit(store, "the same feature of another", nobody(user(2)), &other).await?;
    evidence_is(store, "the first person", &applied(nobody(user(1)), &new)).await
}

pub(super) async fn features_are_replaced_and_deleted(store: &dyn Store) -> Result<(), Failure> {
    let derived = stored(Origin::Records, feature("merchant:uber", Source::Plaid, 0.75)?);
    let imported = stored(Origin::Import, feature("merchant:uber", Source::Plaid, 0.5)?);
    let mail = stored(Origin::Records, feature("merchant:uber", Source::Gmail, 0.25)?);
    let mut new = change(user(1), None);
    new.features = vec![derived.clone(), imported.clone(), mail.clone()];
    let before = commit(store, "three features", nobody(user(1)), &new).await?;
    let mut next = change(user(1), before.version);
    next.features = vec![stored(Origin::Records, bare_feature("merchant:uber", Source::Plaid)?)];
    next.features_gone = vec![mail.id()];
    let before = commit(store, "one replaced, one deleted", before, &next).await?;
    let mut next = change(user(1), before.version);
    next.features = vec![derived.clone()];
    next.features_gone = vec![derived.id(), imported.id(), mail.id()];
    let after = commit(store, "deleting comes before writing", before, &next).await?;
    equal("the suite itself", &1, &after.features.len())
}

pub(super) async fn support_reads_back(store: &dyn Store) -> Result<(), Failure> {
    let [uber, mail] = [("merchant:uber", Source::Plaid), ("merchant:uber", Source::Gmail)];
    let mut new = change(user(1), None);
    new.records.added =
        vec![bare_transaction(1)?, bare_transaction(2)?, bare_transaction(200)?, bare_message(3)];
    for (text, source) in [uber, mail] {
        new.features.push(stored(Origin::Records, bare_feature(text, source)?));
    }
    for (n, source) in [(200, uber.1), (1, uber.1), (2, uber.1), (3, mail.1)] {
        new.support.push(support("merchant:uber", source, n)?);
    }
    let before = commit(store, "four supports", nobody(user(1)), &new).await?;
    support_is(store, "by id", uber, &[1, 2, 200]).await?;
    support_is(store, "of the other source", mail, &[3]).await?;
    support_is(store, "of another key", ("merchant:lyft", Source::Plaid), &[]).await?;
    let mut next = change(user(1), before.version);
    next.support_gone = vec![support(uber.0, uber.1, 1)?, support(uber.0, uber.1, 2)?];
    next.support = vec![support(uber.0, uber.1, 2)?];
    commit(store, "deleting comes before writing", before, &next).await?;
    support_is(store, "after deleting", uber, &[2, 200]).await
}

pub(super) async fn a_stale_version_conflicts(store: &dyn Store) -> Result<(), Failure> {
    let new = change(user(1), None);
    let first = commit(store, "a new person", nobody(user(1)), &new).await?;
    let second = change(user(1), first.version);
    let second = commit(store, "a second version", first.clone(), &second).await?;
    let mut stale = change(user(1), first.version);
    stale.person.state = Some(state("CA")?);
    stale.records.added = vec![bare_message(1)];
    stale.features = vec![stored(Origin::Records, bare_feature("merchant:uber", Source::Gmail)?)];
    stale.support = vec![support("merchant:uber", Source::Gmail, 1)?];
    conflict("a version that is no more", store.commit_evidence(&[stale.clone()], &[]).await)?;
    evidence_is(store, "after the conflict", &second).await?;
    stale.expected = Some(made(second.version.ok_or(()))?.next());
    conflict("a version that is not yet", store.commit_evidence(&[stale], &[]).await)?;
    evidence_is(store, "after the second conflict", &second).await
}

pub(super) async fn a_person_is_new_only_once(store: &dyn Store) -> Result<(), Failure> {
    let new = change(user(1), None);
    let stored = commit(store, "a new person", nobody(user(1)), &new).await?;
    let mut again = change(user(1), None);
    again.records.added = vec![bare_message(1)];
    conflict("the same person as new", store.commit_evidence(&[again], &[]).await)?;
    evidence_is(store, "after the conflict", &stored).await
}

pub(super) async fn a_change_to_nobody_conflicts(store: &dyn Store) -> Result<(), Failure> {
    let change = change(user(1), Some(Version::FIRST));
    conflict("a person who is not there", store.commit_evidence(&[change], &[]).await)?;
    let step = "after the conflict";
    equal(step, &None, &answered(step, store.evidence(user(1)).await)?)?;
    equal(step, &0, &answered(step, store.user_count().await)?)
}

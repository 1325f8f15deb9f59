//! Cases of the catalogue.

use std::collections::BTreeMap;

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::evidence::{applied, evidence_is, nobody};
use super::made::{
    adding, bare_feature, change, changing, full_settlement, ruled_settlement, settlement,
    settlement_id, stored, user,
};
use crate::catalog::Settlement;
use crate::evidence::Origin;
use crate::ports::Store;
use crate::types::{SettlementId, Source, Version};

const SECOND: Version = Version::FIRST.next();

async fn catalog_is(
    store: &dyn Store,
    step: &str,
    rows: impl IntoIterator<Item = (Version, Settlement)>,
) -> Result<(), Failure> {
    let expected: BTreeMap<SettlementId, _> = rows.into_iter().map(|row| (row.1.id, row)).collect();
    equal(step, &expected, &answered(step, store.catalog().await)?)?;
    for (id, (_, settlement)) in expected {
        let found = answered(step, store.settlement(id).await)?;
        equal(step, &Some(settlement), &found)?;
    }
    Ok(())
}

pub(super) async fn nothing_is_there_at_first(store: &dyn Store) -> Result<(), Failure> {
    catalog_is(store, "an empty store", []).await?;
    let found = answered("an unknown id", store.settlement(settlement_id(1)).await)?;
    equal("an unknown id", &None, &found)
}

pub(super) async fn added_settlements_read_back(store: &dyn Store) -> Result<(), Failure> {
    let full = full_settlement(1, "Full & <first>")?;
    let rows = [settlement(200)?, full, settlement(2)?, ruled_settlement(3)?];
    done("adding four", store.commit_catalog(&adding(rows.to_vec()), &[], &[]).await)?;
    catalog_is(store, "after adding", rows.map(|row| (Version::FIRST, row))).await?;
    let found = answered("an unknown id", store.settlement(settlement_id(9)).await)?;
    equal("an unknown id", &None, &found)
}

pub(super) async fn a_change_makes_a_new_version(store: &dyn Store) -> Result<(), Failure> {
    let [one, two] = [settlement(1)?, settlement(2)?];
    let plan = adding(vec![one, two.clone()]);
    done("adding two", store.commit_catalog(&plan, &[], &[]).await)?;
    let changed = full_settlement(1, "Changed")?;
    let mut plan = changing(vec![(Version::FIRST, changed.clone())]);
    plan.added.push(settlement(3)?);
    done("changing one, adding one", store.commit_catalog(&plan, &[], &[]).await)?;
    let first = Version::FIRST;
    let rows = [(SECOND, changed), (first, two.clone()), (first, settlement(3)?)];
    catalog_is(store, "after the change", rows).await?;
    let plan = changing(vec![(SECOND, settlement(1)?)]);
    done("changing it again", store.commit_catalog(&plan, &[], &[]).await)?;
    let rows = [(SECOND.next(), settlement(1)?), (first, two), (first, settlement(3)?)];
    catalog_is(store, "after the second change", rows).await
}

pub(super) async fn a_stale_version_conflicts(store: &dyn Store) -> Result<(), Failure> {
    done("adding", store.commit_catalog(&adding(vec![settlement(1)?]), &[], &[]).await)?;
    let plan = changing(vec![(Version::FIRST, full_settlement(1, "Changed")?)]);
    done("changing", store.commit_catalog(&plan, &[], &[]).await)?;
    let plan = changing(vec![(Version::FIRST, full_settlement(1, "Too late")?)]);
    conflict("a version that is no more", store.commit_catalog(&plan, &[], &[]).await)?;
    let plan = changing(vec![(SECOND.next(), full_settlement(1, "Too early")?)]);
    conflict("a version that is not yet", store.commit_catalog(&plan, &[], &[]).await)?;
    let rows = [(SECOND, full_settlement(1, "Changed")?)];
    catalog_is(store, "after the conflicts", rows).await
}

pub(super) async fn an_existing_id_conflicts(store: &dyn Store) -> Result<(), Failure> {
    let plan = adding(vec![settlement(1)?]);
    done("adding", store.commit_catalog(&plan, &[], &[]).await)?;
    conflict("adding the same", store.commit_catalog(&plan, &[], &[]).await)?;
    let other = adding(vec![full_settlement(1, "Other")?]);
    conflict("adding another of its id", store.commit_catalog(&other, &[], &[]).await)?;
    catalog_is(store, "after the conflicts", [(Version::FIRST, settlement(1)?)]).await
}

pub(super) async fn an_unknown_id_cannot_change(store: &dyn Store) -> Result<(), Failure> {
    let plan = changing(vec![(Version::FIRST, settlement(1)?)]);
    conflict("changing what is not there", store.commit_catalog(&plan, &[], &[]).await)?;
    catalog_is(store, "after the conflict", []).await
}

pub(super) async fn an_import_is_all_or_nothing(store: &dyn Store) -> Result<(), Failure> {
    let rows = [settlement(1)?, settlement(2)?];
    done("adding two", store.commit_catalog(&adding(rows.to_vec()), &[], &[]).await)?;
    let mut plan = changing(vec![
        (Version::FIRST, full_settlement(1, "Changed")?),
        (SECOND, full_settlement(2, "Stale")?),
    ]);
    plan.added = vec![settlement(3)?];
    conflict("one stale of three", store.commit_catalog(&plan, &[], &[]).await)?;
    catalog_is(store, "after a stale one", rows.clone().map(|row| (Version::FIRST, row))).await?;
    let mut plan = changing(vec![(Version::FIRST, full_settlement(1, "Changed")?)]);
    plan.added = vec![settlement(3)?, settlement(2)?];
    conflict("one existing of three", store.commit_catalog(&plan, &[], &[]).await)?;
    catalog_is(store, "after an existing one", rows.map(|row| (Version::FIRST, row))).await
}

pub(super) async fn refreshed_people_come_with_it(store: &dyn Store) -> Result<(), Failure> {
    let people = [1, 2].map(|n| change(user(n), None));
    done("two people", store.commit_evidence(&people, &[]).await)?;
    let mut refreshed = people.clone().map(|new| change(new.person.user_id, Some(Version::FIRST)));
    for (change, word) in refreshed.iter_mut().zip(["merchant:uber", "merchant:delta"]) {
        change.features = vec![stored(Origin::Records, bare_feature(word, Source::Gmail)?)];
    }
    let plan = adding(vec![settlement(1)?]);
    let mut stale = refreshed.clone();
    stale[1].expected = Some(SECOND);
    conflict("one of them is stale", store.commit_catalog(&plan, &stale, &[]).await)?;
    catalog_is(store, "after the conflict", []).await?;
    let first = people.clone().map(|new| applied(nobody(new.person.user_id), &new));
    for person in &first {
        evidence_is(store, "after the conflict", person).await?;
    }
    done("both are fresh", store.commit_catalog(&plan, &refreshed, &[]).await)?;
    catalog_is(store, "after the import", [(Version::FIRST, settlement(1)?)]).await?;
    for (person, change) in first.into_iter().zip(&refreshed) {
        evidence_is(store, "after the import", &applied(person, change)).await?;
    }
    let again = people.map(|new| change(new.person.user_id, Some(SECOND)));
    conflict("the settlement exists", store.commit_catalog(&plan, &again, &[]).await)?;
    let step = "people are not refreshed without it";
    let found = answered(step, store.evidence(user(1)).await)?;
    equal(step, &Some(SECOND), &found.and_then(|person| person.version))
}

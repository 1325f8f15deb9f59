//! Cases of merchants, of what was learned, and of corrections.

use std::collections::BTreeMap;

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::evidence::{applied, commit, evidence_is, nobody};
use super::made::{Made, at, change, key, made, record_id, user};
use crate::evidence::DirectoryPlan;
use crate::evidence::ledger::Correction;
use crate::evidence::{LearnedAliases, Merchant};
use crate::ports::Store;
use crate::types::{FeatureKey, Version};

fn merchant(name: &str, aliases: &[&str]) -> Made<(FeatureKey, Merchant)> {
    let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
    let merchant = Merchant { name: name.to_owned(), aliases };
    Ok((made(merchant.key())?, merchant))
}

fn learned() -> Made<LearnedAliases> {
    let aliases = BTreeMap::from([("blu btl \u{e9}".to_owned(), key("merchant:blue_bottle")?)]);
    Ok(LearnedAliases { version: 1, corrections: 700, aliases })
}

async fn directory_is(
    store: &dyn Store,
    step: &str,
    merchants: &BTreeMap<FeatureKey, Merchant>,
    learned: &LearnedAliases,
) -> Result<(), Failure> {
    equal(step, merchants, &answered(step, store.merchants().await)?)?;
    equal(step, learned, &answered(step, store.learned().await)?)
}

pub(super) async fn the_directory_is_empty_at_first(store: &dyn Store) -> Result<(), Failure> {
    let step = "an empty store";
    directory_is(store, step, &BTreeMap::new(), &LearnedAliases::default()).await?;
    let people = answered(step, store.users_with_corrections().await)?;
    equal(step, &Vec::new(), &people)
}

pub(super) async fn merchants_read_back_and_are_replaced(store: &dyn Store) -> Result<(), Failure> {
    let first = [merchant("B\u{fc}cher & Co", &["o'ther", "z"])?, merchant("Hulu", &[])?];
    let plan = DirectoryPlan { merchants: first.clone().into(), ..DirectoryPlan::default() };
    done("two merchants", store.commit_directory(&plan, &[], &[]).await)?;
    directory_is(store, "two merchants", &first.clone().into(), &LearnedAliases::default()).await?;
    let again = merchant("HULU", &["Hulu TV"])?;
    let plan = DirectoryPlan {
        merchants: [again].into(),
        learned: Some(learned()?),
        derived: Some(Version(7)),
        ..DirectoryPlan::default()
    };
    done("one is replaced", store.commit_directory(&plan, &[], &[]).await)?;
    directory_is(store, "one is replaced", &plan.after(&first.into()), &learned()?).await?;
    let derived = answered("one is replaced", store.revisions().await)?.derived;
    equal("one is replaced", &Version(7), &derived)
}

pub(super) async fn the_directory_rests_on_revisions(store: &dyn Store) -> Result<(), Failure> {
    let now = answered("an empty store", store.revisions().await)?;
    let plan = DirectoryPlan {
        merchants: [merchant("Hulu", &[])?].into(),
        on_catalog: Some(now.catalog),
        on_records: Some(now.records),
        ..DirectoryPlan::default()
    };
    done("nothing", store.commit_directory(&DirectoryPlan::default(), &[], &[]).await)?;
    done("one", store.commit_directory(&plan, &[], &[]).await)?;
    conflict("the catalogue moved on", store.commit_directory(&plan, &[], &[]).await)?;
    let next = DirectoryPlan {
        on_catalog: Some(now.catalog.next()),
        on_records: Some(now.records.next()),
        ..plan
    };
    conflict("records that are not yet", store.commit_directory(&next, &[], &[]).await)?;
    let stale = change(user(1), Some(Version::FIRST));
    let fresh = DirectoryPlan { on_records: None, learned: Some(learned()?), ..next };
    conflict("nobody is there", store.commit_directory(&fresh, &[stale], &[]).await)?;
    equal("the rest", &LearnedAliases::default(), &answered("learned", store.learned().await)?)?;
    let person = change(user(1), None);
    done(
        "with a person",
        store.commit_directory(&fresh, std::slice::from_ref(&person), &[]).await,
    )?;
    evidence_is(store, "the person", &applied(nobody(user(1)), &person)).await?;
    let after = answered("the end", store.revisions().await)?;
    equal("the catalogue's revision", &Version(now.catalog.0 + 2), &after.catalog)
}

fn correction(n: u8, merchant: Option<&str>, note: Option<&str>) -> Made<Correction> {
    made(Correction::new(record_id(n), merchant, Some("FOOD"), note, at(i64::from(n))?))
}

pub(super) async fn anomalies_read_back_and_go(store: &dyn Store) -> Result<(), Failure> {
    let mut new = change(user(1), None);
    new.anomalies = vec![(record_id(200), 0.5 + f64::EPSILON), (record_id(1), 0.1 + 0.2 + 0.4)];
    let before = commit(store, "two anomalies", nobody(user(1)), &new).await?;
    let mut next = change(user(1), before.version);
    next.anomalies = vec![(record_id(1), 1.0)];
    next.anomalies_gone = vec![record_id(1), record_id(200)];
    commit(store, "deleting comes before writing", before, &next).await.map(drop)
}

pub(super) async fn corrections_read_back_and_go(store: &dyn Store) -> Result<(), Failure> {
    let mut new = change(user(1), None);
    new.corrections = vec![
        correction(200, Some("B\u{fc}cher '\"\\"), Some("a note \u{1f4b8}"))?,
        correction(1, None, None)?,
    ];
    let before = commit(store, "two, of records that are not there", nobody(user(1)), &new).await?;
    let other = change(user(2), None);
    commit(store, "a person without", nobody(user(2)), &other).await?;
    let step = "who corrected";
    equal(step, &vec![user(1)], &answered(step, store.users_with_corrections().await)?)?;
    let counted = answered(step, store.revisions().await)?.corrections;
    equal("two were made", &2, &counted)?;
    let mut next = change(user(1), before.version);
    next.corrections = vec![correction(1, Some("Hulu"), None)?];
    next.corrections_gone = vec![record_id(1), record_id(200)];
    commit(store, "deleting comes before writing", before, &next).await?;
    let counted = answered(step, store.revisions().await)?.corrections;
    equal("changes are counted anew", &5, &counted)
}

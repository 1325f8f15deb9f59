//! Cases of the revisions: a decision that rests on the catalogue, or on everybody's records, is
//! not applied once that has moved on.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::made::{adding, bare_message, bare_transaction, change, settlement, user};
use crate::catalog::CatalogPlan;
use crate::ports::{Revisions, Store};
use crate::types::Version;

async fn revisions_are(
    store: &dyn Store,
    step: &str,
    [catalog, records]: [i64; 2],
) -> Result<Revisions, Failure> {
    let found = answered(step, store.revisions().await)?;
    equal(step, &catalog, &found.catalog.0)?;
    equal(step, &records, &found.records.0)?;
    Ok(found)
}

pub(super) async fn the_catalogs_grows_with_it(store: &dyn Store) -> Result<(), Failure> {
    let first = revisions_are(store, "an empty store", [1, 1]).await?;
    done("nothing", store.commit_catalog(&CatalogPlan::default(), &[], &[]).await)?;
    revisions_are(store, "after nothing", [1, 1]).await?;
    let on = |n: u8, catalog: Version| {
        settlement(n).map(|one| CatalogPlan { on_catalog: Some(catalog), ..adding(vec![one]) })
    };
    done("one", store.commit_catalog(&on(1, first.catalog)?, &[], &[]).await)?;
    revisions_are(store, "after one", [2, 1]).await?;
    let stale = on(2, first.catalog)?;
    conflict("the catalogue moved on", store.commit_catalog(&stale, &[], &[]).await)?;
    revisions_are(store, "after the conflict", [2, 1]).await?;
    let found = answered("the catalogue", store.catalog().await)?;
    equal("the number of settlements", &1, &found.len())?;
    done("another", store.commit_catalog(&on(2, Version(2))?, &[], &[]).await)?;
    revisions_are(store, "after another", [3, 1]).await.map(drop)
}

pub(super) async fn the_records_grows_with_records(store: &dyn Store) -> Result<(), Failure> {
    let mut bank = change(user(1), None);
    bank.records.added = vec![bare_transaction(1)?];
    done("a transaction", store.commit_evidence(&[bank], &[]).await)?;
    let before = revisions_are(store, "after a transaction", [1, 2]).await?;
    let mut mail = change(user(2), None);
    mail.records.added = vec![bare_message(2)];
    done("a message", store.commit_evidence(&[mail], &[]).await)?;
    revisions_are(store, "after a message", [1, 3]).await?;
    let mut removal = change(user(2), Some(Version::FIRST));
    removal.records.removed = vec![bare_message(2).id()];
    done("it is removed", store.commit_evidence(&[removal], &[]).await)?;
    revisions_are(store, "after its removal", [1, 3]).await?;
    let plan = CatalogPlan { on_records: Some(before.records), ..adding(vec![settlement(1)?]) };
    conflict("records came meanwhile", store.commit_catalog(&plan, &[], &[]).await)?;
    let plan = CatalogPlan { on_records: Some(Version(3)), ..plan };
    done("none came meanwhile", store.commit_catalog(&plan, &[], &[]).await)?;
    revisions_are(store, "after the catalogue", [2, 3]).await.map(drop)
}

pub(super) async fn a_change_rests_on_the_catalogue(store: &dyn Store) -> Result<(), Failure> {
    done("one", store.commit_catalog(&adding(vec![settlement(1)?]), &[], &[]).await)?;
    let mut first = change(user(1), None);
    first.on_catalog = Some(Version::FIRST);
    let second = change(user(2), None);
    let both = [second, first];
    conflict("the catalogue moved on", store.commit_evidence(&both, &[]).await)?;
    equal("nobody is written", &0, &answered("people", store.user_count().await)?)?;
    let [second, mut first] = both;
    first.on_catalog = Some(Version(2));
    done("it did not", store.commit_evidence(&[second, first], &[]).await)?;
    let mut refreshed = change(user(1), Some(Version::FIRST));
    refreshed.on_catalog = Some(Version(2));
    let plan = adding(vec![settlement(2)?]);
    done("together with the catalogue", store.commit_catalog(&plan, &[refreshed], &[]).await)?;
    revisions_are(store, "after both", [3, 1]).await.map(drop)
}

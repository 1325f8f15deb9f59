//! Cases of many people: commits of all of them, features in pages, who has messages.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::evidence::{applied, commit, evidence_is, nobody};
use super::made::{
    Made, bare_feature, bare_message, bare_transaction, change, feature, made, record_id, state,
    stored, user,
};
use crate::evidence::{EvidenceChange, Origin, UserFeature, UserFeatures};
use crate::ports::Store;
use crate::types::{Person, Source, UserId, Version};

/// A new person with one feature.
fn newcomer(n: u8) -> Made<EvidenceChange> {
    let mut new = change(user(n), None);
    new.person.state = Some(state("NY")?);
    new.features = vec![stored(Origin::Import, feature("merchant:uber", Source::Plaid, 0.5)?)];
    Ok(new)
}

fn features(person: &Person, features: Vec<UserFeature>) -> Made<UserFeatures> {
    made(UserFeatures::new(person.clone(), features))
}

pub(super) async fn many_people_are_all_or_nothing(store: &dyn Store) -> Result<(), Failure> {
    let people = (1..=100).map(newcomer).collect::<Made<Vec<_>>>()?;
    done("a hundred people", store.commit_evidence(&people, &[]).await)?;
    let step = "after a hundred people";
    equal(step, &100, &answered(step, store.user_count().await)?)?;
    for new in &people {
        let id = new.person.user_id;
        evidence_is(store, step, &applied(nobody(id), new)).await?;
    }
    let next = |n, version| change(user(n), Some(version));
    let mut second = next(1, Version::FIRST);
    second.records.added = vec![bare_message(1)];
    let stale = next(2, Version::FIRST.next());
    let all = [second.clone(), newcomer(201)?, stale];
    conflict("one stale of three", store.commit_evidence(&all, &[]).await)?;
    let all = [second, newcomer(201)?, newcomer(3)?];
    conflict("one known of three", store.commit_evidence(&all, &[]).await)?;
    let step = "after the conflicts";
    equal(step, &100, &answered(step, store.user_count().await)?)?;
    for new in people.iter().take(3) {
        let id = new.person.user_id;
        evidence_is(store, step, &applied(nobody(id), new)).await?;
    }
    done("nobody at all", store.commit_evidence(&[], &[]).await)
}

pub(super) async fn one_person_twice_in_a_commit(store: &dyn Store) -> Result<(), Failure> {
    let twice = [newcomer(1)?, newcomer(1)?];
    conflict("new twice", store.commit_evidence(&twice, &[]).await)?;
    let step = "after the conflict";
    equal(step, &0, &answered(step, store.user_count().await)?)?;
    let mut next = change(user(1), Some(Version::FIRST));
    next.records.added = vec![bare_message(1)];
    let both = [newcomer(1)?, next.clone()];
    done("one version after the other", store.commit_evidence(&both, &[]).await)?;
    let expected = applied(applied(nobody(user(1)), &both[0]), &next);
    evidence_is(store, "after both", &expected).await
}

pub(super) async fn derived_features_win(store: &dyn Store) -> Result<(), Failure> {
    let imported = feature("merchant:uber", Source::Plaid, 0.95)?;
    let derived = bare_feature("merchant:uber", Source::Plaid)?;
    let mail = feature("merchant:uber", Source::Gmail, 0.1)?;
    let only = feature("category:travel", Source::Plaid, 0.3)?;
    let mut new = newcomer(1)?;
    new.features = vec![
        stored(Origin::Import, imported.clone()),
        stored(Origin::Records, derived.clone()),
        stored(Origin::Import, mail.clone()),
        stored(Origin::Records, only.clone()),
    ];
    let stored = commit(store, "four features", nobody(user(1)), &new).await?;
    let step = "three are effective";
    let expected = features(&new.person, vec![derived.clone(), mail.clone(), only.clone()])?;
    let found = answered(step, store.user_features(user(1)).await)?;
    equal(step, &Some(expected.clone()), &found)?;
    equal(step, &vec![expected], &answered(step, store.users_after(None, 1).await)?)?;
    let mut next = change(user(1), stored.version);
    next.person = new.person.clone();
    next.features_gone = vec![(derived.key.clone(), Source::Plaid, Origin::Records)];
    commit(store, "the derived one is gone", stored, &next).await?;
    let step = "the imported one shows";
    let expected = features(&new.person, vec![imported, mail, only])?;
    let found = answered(step, store.user_features(user(1)).await)?;
    equal(step, &Some(expected), &found)
}

pub(super) async fn people_come_in_pages_by_id(store: &dyn Store) -> Result<(), Failure> {
    let ids = [3, 255, 1, 128, 2];
    let mut people = ids.map(newcomer).into_iter().collect::<Made<Vec<_>>>()?;
    // Somebody without a feature is there too, and somebody with two in one page of one.
    people[4].features.clear();
    let second = stored(Origin::Records, bare_feature("category:travel", Source::Gmail)?);
    people[2].features.push(second);
    done("five people", store.commit_evidence(&people, &[]).await)?;
    people.sort_by_key(|new| new.person.user_id);
    let all = people
        .into_iter()
        .map(|new| features(&new.person, new.features.into_iter().map(|f| f.feature).collect()))
        .collect::<Made<Vec<_>>>()?;
    let table: [(&str, Option<u8>, usize, &[usize]); 8] = [
        ("everybody", None, 100, &[0, 1, 2, 3, 4]),
        ("nobody", None, 0, &[]),
        ("the first", None, 1, &[0]),
        ("the second", Some(1), 1, &[1]),
        ("across the middle", Some(3), 2, &[3, 4]),
        ("after somebody who is not there", Some(100), 1, &[3]),
        ("the last page", Some(128), 10, &[4]),
        ("behind the last", Some(255), 10, &[]),
    ];
    for (step, after, limit, expected) in table {
        let expected: Vec<_> = expected.iter().filter_map(|i| all.get(*i).cloned()).collect();
        let found = answered(step, store.users_after(after.map(user), limit).await)?;
        equal(step, &expected, &found)?;
    }
    let found = answered("one of them", store.user_features(user(1)).await)?;
    equal("one of them", &all.first().cloned(), &found)?;
    let step = "without a limit";
    equal(step, &5, &answered(step, store.users_after(None, usize::MAX).await)?.len())
}

pub(super) async fn people_with_records(store: &dyn Store) -> Result<(), Failure> {
    let mut people = [200, 1, 2, 3].map(|n| change(user(n), None));
    people[0].records.added = vec![bare_message(1), bare_message(2)];
    people[1].records.added = vec![bare_message(1)];
    people[2].records.added = vec![bare_transaction(1)?];
    people[3].records.traces = vec![record_id(1)];
    done("four people", store.commit_evidence(&people, &[]).await)?;
    with_records(store, "three have some", &[1, 2, 200]).await?;
    let mut removal = change(user(1), Some(Version::FIRST));
    removal.records.removed = vec![record_id(1)];
    done("the only record is removed", store.commit_evidence(&[removal], &[]).await)?;
    with_records(store, "two have some", &[2, 200]).await?;
    let mut removal = change(user(200), Some(Version::FIRST));
    removal.records.removed = vec![record_id(1)];
    done("one of two is removed", store.commit_evidence(&[removal], &[]).await)?;
    with_records(store, "both still have one", &[2, 200]).await
}

async fn with_records(store: &dyn Store, step: &str, people: &[u8]) -> Result<(), Failure> {
    let expected: Vec<UserId> = people.iter().map(|n| user(*n)).collect();
    equal(step, &expected, &answered(step, store.users_with_records().await)?)
}

//! Cases of assignments and preferences.

use super::Failure;
use super::check::{answered, conflict, done, equal};
use super::made::{made, settlement_id, user};
use crate::audit::Event;
use crate::matching::{Assignment, ExperimentKey, Variant};
use crate::ports::{AssignmentChange, Commit, Store, StoreError};
use crate::ranking::Preference;
use crate::types::Version;

fn assignment(variant: Variant, forced: bool) -> Assignment {
    Assignment { user_id: user(1), experiment_key: ExperimentKey::default(), variant, forced }
}

/// Stores one assignment.
pub(super) async fn assign(
    store: &dyn Store,
    expected: Option<&Assignment>,
    assignment: &Assignment,
    events: &[Event],
) -> Result<Commit, StoreError> {
    let change = AssignmentChange { expected: expected.cloned(), assignment: assignment.clone() };
    store.commit_assignments(&[change], events).await
}

async fn assignment_is(
    store: &dyn Store,
    step: &str,
    expected: Option<&Assignment>,
) -> Result<(), Failure> {
    let found = answered(step, store.assignment(user(1), &ExperimentKey::default()).await)?;
    equal(step, &expected.cloned(), &found)
}

pub(super) async fn no_assignment_at_first(store: &dyn Store) -> Result<(), Failure> {
    assignment_is(store, "an empty store", None).await
}

pub(super) async fn the_first_assignment_sticks(store: &dyn Store) -> Result<(), Failure> {
    let first = assignment(Variant::RulesVector, false);
    done("the first", assign(store, None, &first, &[]).await)?;
    assignment_is(store, "after the first", Some(&first)).await?;
    let other = assignment(Variant::RulesOnly, false);
    conflict("another first", assign(store, None, &other, &[]).await)?;
    assignment_is(store, "after another first", Some(&first)).await?;
    let elsewhere = Assignment { user_id: user(2), ..other.clone() };
    done("of another person", assign(store, None, &elsewhere, &[]).await)?;
    let elsewhere = Assignment { experiment_key: made("other".parse())?, ..other };
    done("in another experiment", assign(store, None, &elsewhere, &[]).await)?;
    assignment_is(store, "after others", Some(&first)).await?;
    let key = &elsewhere.experiment_key;
    let found = answered("the other experiment", store.assignment(user(1), key).await)?;
    equal("the other experiment", &Some(elsewhere), &found)
}

pub(super) async fn assignments_go_all_or_none(store: &dyn Store) -> Result<(), Failure> {
    let first = assignment(Variant::RulesVector, false);
    let second = Assignment { user_id: user(2), ..first.clone() };
    let both = [&first, &second]
        .map(|assignment| AssignmentChange { expected: None, assignment: assignment.clone() });
    done("the second alone", assign(store, None, &second, &[]).await)?;
    conflict("both, one of them stored", store.commit_assignments(&both, &[]).await)?;
    assignment_is(store, "after the conflict", None).await?;
    done("nothing", store.commit_assignments(&[], &[]).await)?;
    done("one of them", store.commit_assignments(&both[..1], &[]).await)?;
    assignment_is(store, "after one", Some(&first)).await
}

pub(super) async fn a_forced_assignment_replaces_it(store: &dyn Store) -> Result<(), Failure> {
    let first = assignment(Variant::RulesVector, false);
    done("the first", assign(store, None, &first, &[]).await)?;
    let forced = assignment(Variant::RulesVectorRanker, true);
    done("a forced one", assign(store, Some(&first), &forced, &[]).await)?;
    assignment_is(store, "after it", Some(&forced)).await?;
    let mark = assignment(Variant::RulesVectorRanker, false);
    done("only the mark", assign(store, Some(&forced), &mark, &[]).await)?;
    assignment_is(store, "after the mark", Some(&mark)).await
}

pub(super) async fn another_expectation_conflicts(store: &dyn Store) -> Result<(), Failure> {
    let first = assignment(Variant::RulesOnly, false);
    let new = assignment(Variant::RulesVector, true);
    let step = "one is expected, none is there";
    conflict(step, assign(store, Some(&first), &new, &[]).await)?;
    assignment_is(store, step, None).await?;
    done("the first", assign(store, None, &first, &[]).await)?;
    let wrong =
        [assignment(Variant::RulesVectorRanker, false), assignment(Variant::RulesOnly, true)];
    for (step, expected) in
        ["another variant is expected", "another mark is expected"].into_iter().zip(wrong.iter())
    {
        conflict(step, assign(store, Some(expected), &new, &[]).await)?;
        assignment_is(store, step, Some(&first)).await?;
    }
    Ok(())
}

async fn preferences_are(
    store: &dyn Store,
    step: &str,
    expected: Vec<Preference>,
) -> Result<(), Failure> {
    equal(step, &expected, &answered(step, store.preferences(user(1)).await)?)
}

/// The preference as it is stored after a commit.
fn next(preference: Preference) -> Preference {
    let version = preference.version.map_or(Version::FIRST, Version::next);
    Preference { version: Some(version), ..preference }
}

pub(super) async fn no_preference_at_first(store: &dyn Store) -> Result<(), Failure> {
    preferences_are(store, "an empty store", Vec::new()).await
}

pub(super) async fn a_preference_reads_back(store: &dyn Store) -> Result<(), Failure> {
    let late = Preference::none(user(1), settlement_id(200)).pin(Some(i32::MIN));
    done("a pin with a place", store.commit_preference(&late, &[]).await)?;
    let early = Preference::none(user(1), settlement_id(2)).star(true).pin(None);
    done("a star and a pin", store.commit_preference(&early, &[]).await)?;
    let other = Preference::none(user(2), settlement_id(2)).star(true);
    done("of another person", store.commit_preference(&other, &[]).await)?;
    let [late, early] = [next(late), next(early)];
    preferences_are(store, "by settlement", vec![early, late]).await?;
    let plain = early.unpin().star(false);
    done("taken back", store.commit_preference(&plain, &[]).await)?;
    preferences_are(store, "in a second version", vec![next(plain), late]).await?;
    let again = next(plain).star(true);
    done("a third time", store.commit_preference(&again, &[]).await)?;
    preferences_are(store, "in a third version", vec![next(again), late]).await
}

pub(super) async fn a_stale_preference_conflicts(store: &dyn Store) -> Result<(), Failure> {
    let none = Preference::none(user(1), settlement_id(1));
    let step = "a version is expected, none is there";
    let early = Preference { version: Some(Version::FIRST), ..none };
    conflict(step, store.commit_preference(&early, &[]).await)?;
    preferences_are(store, step, Vec::new()).await?;
    done("the first", store.commit_preference(&none.star(true), &[]).await)?;
    let stored = next(none.star(true));
    conflict("none is expected", store.commit_preference(&none.pin(Some(1)), &[]).await)?;
    preferences_are(store, "none is expected", vec![stored]).await?;
    let late = Preference { version: Some(Version::FIRST.next()), ..none };
    conflict("another is expected", store.commit_preference(&late, &[]).await)?;
    preferences_are(store, "another is expected", vec![stored]).await
}

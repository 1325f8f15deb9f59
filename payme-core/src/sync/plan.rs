//! What pages of records change, decided before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use super::{Record, record_id};
use crate::types::{RecordId, Source, UserId};

/// One page of a feed: what it adds or replaces, and what it removes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// What tells this page from every other one of its feed; `None` for a list that is no page
    /// of a feed. A page with an id is applied once, however often and however late it comes.
    pub feed_id: Option<RecordId>,
    /// Records that are new or that replace the record of the same id.
    pub upserts: Vec<Record>,
    /// Ids of records that no longer exist.
    pub removals: Vec<RecordId>,
}

impl Page {
    /// Records that are no page of a feed.
    pub const fn list(upserts: Vec<Record>) -> Self {
        Self { feed_id: None, upserts, removals: Vec::new() }
    }

    /// A page of a person's feed that ended with this cursor.
    ///
    /// Its id is made of the cursor and of what the page says, because a feed that changed while
    /// it was read may serve another page under the same cursor. A page that says nothing, or
    /// that has no cursor, has no id.
    pub fn of_feed(
        user: UserId,
        source: Source,
        cursor: &str,
        upserts: Vec<Record>,
        removals: Vec<RecordId>,
    ) -> Self {
        if cursor.is_empty() || (upserts.is_empty() && removals.is_empty()) {
            return Self { feed_id: None, upserts, removals };
        }
        let mut name = format!("page\n{cursor}\n");
        for record in &upserts {
            name.push_str(&format!("{}\n{}\n", record.id(), record.to_stored()));
        }
        for id in &removals {
            name.push_str(&format!("{id}\n"));
        }
        Self { feed_id: Some(record_id(user, source, &name)), upserts, removals }
    }
}

/// A record as it is stored: the record itself, or the trace of one that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredRecord {
    /// The record exists.
    Live(Record),
    /// The record was removed, perhaps before it was ever seen.
    Removed,
}

impl StoredRecord {
    /// The record, unless it was removed.
    pub const fn live(&self) -> Option<&Record> {
        match self {
            Self::Live(record) => Some(record),
            Self::Removed => None,
        }
    }
}

/// The changes that pages make to one person's stored records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncPlan {
    /// Records that are not stored yet.
    pub added: Vec<Record>,
    /// Records that are stored otherwise.
    pub changed: Vec<Record>,
    /// Records that are stored and no longer exist.
    pub removed: Vec<RecordId>,
    /// Traces to keep although there is no record: of records removed before they were seen, so
    /// that a late page cannot bring them in, and of pages, so that they are not applied again.
    pub traces: Vec<RecordId>,
    /// How many records the pages name that stay as they are.
    pub unchanged: usize,
}

impl SyncPlan {
    /// Whether there is nothing to write.
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.changed.is_empty()
            && self.removed.is_empty()
            && self.traces.is_empty()
    }

    /// The stored records after the plan.
    pub fn apply(&self, stored: &mut BTreeMap<RecordId, StoredRecord>) {
        for record in self.added.iter().chain(&self.changed) {
            stored.insert(record.id(), StoredRecord::Live(record.clone()));
        }
        for id in self.removed.iter().chain(&self.traces) {
            stored.insert(*id, StoredRecord::Removed);
        }
    }
}

/// Compares pages, in the order they were served, with the stored records.
///
/// The last page that names a record decides what it is, but a removal is final: a record that
/// was removed once, by these pages or earlier ones, does not come back. A page of a feed that was
/// applied before writes nothing; on the records it names, what is stored stands against the pages
/// before it that are new.
pub fn plan_pages(
    stored: &BTreeMap<RecordId, StoredRecord>,
    pages: impl IntoIterator<Item = Page>,
) -> SyncPlan {
    let mut last: BTreeMap<RecordId, Option<Record>> = BTreeMap::new();
    let mut plan = SyncPlan::default();
    let mut applied = BTreeSet::new();
    for page in pages {
        if let Some(id) = page.feed_id {
            let is_known = stored.contains_key(&id);
            if is_known {
                // What is stored took account of this page, so it stands against the pages that
                // are new but served before it. A removal among those is final all the same.
                let named = page.upserts.iter().map(Record::id).chain(page.removals.clone());
                for record in named {
                    if last.get(&record).is_some_and(Option::is_some) {
                        last.remove(&record);
                    }
                }
            }
            if is_known || !applied.insert(id) {
                plan.unchanged += page.upserts.len() + page.removals.len();
                continue;
            }
            plan.traces.push(id);
        }
        for record in page.upserts {
            let is_removed = matches!(last.get(&record.id()), Some(None));
            if !is_removed {
                last.insert(record.id(), Some(record));
            }
        }
        for id in page.removals {
            last.insert(id, None);
        }
    }
    for (id, named) in last {
        match (stored.get(&id), named) {
            (None, Some(record)) => plan.added.push(record),
            (None, None) => plan.traces.push(id),
            (Some(StoredRecord::Live(_)), None) => plan.removed.push(id),
            (Some(StoredRecord::Live(old)), Some(record)) if *old != record => {
                plan.changed.push(record);
            }
            (Some(StoredRecord::Live(_) | StoredRecord::Removed), Some(_))
            | (Some(StoredRecord::Removed), None) => plan.unchanged += 1,
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sync::tests_support::transaction;

    fn record(id: u128, cents: i64) -> Record {
        Record::Transaction(transaction(id, "2024-01-01", cents, "Shop"))
    }

    fn id(id: u128) -> RecordId {
        record(id, 0).id()
    }

    #[test]
    fn each_meeting_of_page_and_store_has_one_answer() {
        let live = |cents| Some(StoredRecord::Live(record(1, cents)));
        let upsert = |cents| Page::list(vec![record(1, cents)]);
        let removal = || Page { removals: vec![id(1)], ..Page::default() };
        #[rustfmt::skip]
        let table = [
            // stored                        page        added changed removed traces unchanged
            (None,                           upsert(5),  [1, 0, 0, 0, 0]),
            (None,                           removal(),  [0, 0, 0, 1, 0]),
            (live(5),                        upsert(5),  [0, 0, 0, 0, 1]),
            (live(5),                        upsert(6),  [0, 1, 0, 0, 0]),
            (live(5),                        removal(),  [0, 0, 1, 0, 0]),
            (Some(StoredRecord::Removed),    upsert(5),  [0, 0, 0, 0, 1]),
            (Some(StoredRecord::Removed),    removal(),  [0, 0, 0, 0, 1]),
        ];
        for (stored, page, expected) in table {
            let stored = stored.into_iter().map(|record| (id(1), record)).collect();
            let plan = plan_pages(&stored, [page.clone()]);
            let counts = [
                plan.added.len(),
                plan.changed.len(),
                plan.removed.len(),
                plan.traces.len(),
                plan.unchanged,
            ];
            assert_eq!(counts, expected, "{stored:?} {page:?}");
        }
    }

    #[test]
    fn a_corrected_page_does_not_overrule_the_page_behind_it() {
        let user = UserId::from_uuid(uuid::Uuid::nil());
        let page = |cursor, cents: &[i64]| {
            let records = (1..).zip(cents).map(|(id, cents)| record(id, *cents)).collect();
            Page::of_feed(user, Source::Plaid, cursor, records, Vec::new())
        };
        let mut stored = BTreeMap::new();
        plan_pages(&stored, [page("c1", &[5]), page("c2", &[7])]).apply(&mut stored);
        let corrected = [page("c1", &[5, 9]), page("c2", &[7])];
        plan_pages(&stored, corrected.clone()).apply(&mut stored);
        assert_eq!(stored.get(&id(1)), Some(&StoredRecord::Live(record(1, 7))));
        assert_eq!(stored.get(&id(2)), Some(&StoredRecord::Live(record(2, 9))));
        assert!(plan_pages(&stored, corrected).is_empty());
    }

    #[test]
    fn a_replay_behind_a_new_page_takes_nothing_back() {
        let user = UserId::from_uuid(uuid::Uuid::nil());
        let page = |cursor, id, cents| {
            Page::of_feed(user, Source::Plaid, cursor, vec![record(id, cents)], Vec::new())
        };
        let [first, second] = [page("c1", 1, 5), page("c2", 1, 7)];
        let mut stored = BTreeMap::new();
        plan_pages(&stored, [first.clone(), second]).apply(&mut stored);
        plan_pages(&stored, [page("d1", 2, 1), first]).apply(&mut stored);
        assert_eq!(stored.get(&id(1)), Some(&StoredRecord::Live(record(1, 7))));
        assert_eq!(stored.get(&id(2)), Some(&StoredRecord::Live(record(2, 1))));
    }

    #[test]
    fn a_list_does_not_overrule_the_page_behind_it() {
        let user = UserId::from_uuid(uuid::Uuid::nil());
        let page = Page::of_feed(user, Source::Plaid, "c1", vec![record(1, 7)], Vec::new());
        let pages = [Page::list(vec![record(1, 5)]), page];
        let mut stored = BTreeMap::new();
        plan_pages(&stored, pages.clone()).apply(&mut stored);
        assert!(plan_pages(&stored, pages).is_empty());
    }

    fn any_pages() -> impl Strategy<Value = Vec<Page>> {
        let page = (
            prop::collection::vec((0_u128..6, 0_i64..3), 0..5),
            prop::collection::vec(0_u128..6, 0..2),
        )
            .prop_map(|(upserts, removals)| {
                let upserts = upserts.into_iter().map(|(id, cents)| record(id, cents)).collect();
                (upserts, removals.into_iter().map(id).collect())
            });
        (prop::collection::vec(page, 0..5), any::<bool>()).prop_map(|(pages, of_feed)| {
            let user = UserId::from_uuid(uuid::Uuid::nil());
            let numbered = pages.into_iter().enumerate();
            numbered
                .map(|(number, (upserts, removals))| {
                    let cursor = if of_feed { format!("c{number}") } else { String::new() };
                    Page::of_feed(user, Source::Plaid, &cursor, upserts, removals)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn replaying_pages_changes_nothing(pages in any_pages()) {
            let mut stored = BTreeMap::new();
            plan_pages(&stored, pages.clone()).apply(&mut stored);
            let again = plan_pages(&stored, pages);
            prop_assert!(again.is_empty(), "{again:?}");
        }

        #[test]
        fn replaying_any_pages_of_a_feed_in_any_order_changes_nothing(
            pages in any_pages(),
            replayed in prop::collection::vec(0_usize..5, 0..8),
        ) {
            prop_assume!(pages.iter().any(|page| page.feed_id.is_some()));
            let mut stored = BTreeMap::new();
            for page in &pages {
                plan_pages(&stored, [page.clone()]).apply(&mut stored);
            }
            for number in replayed {
                let again = plan_pages(&stored, pages.get(number).cloned());
                prop_assert!(again.is_empty(), "{again:?}");
            }
        }

        #[test]
        fn a_new_page_before_replays_changes_only_what_it_names(
            pages in any_pages(),
            replayed in prop::collection::vec(0_usize..5, 0..8),
        ) {
            prop_assume!(pages.iter().all(|page| page.feed_id.is_some()));
            let mut stored = BTreeMap::new();
            plan_pages(&stored, pages.clone()).apply(&mut stored);
            let user = UserId::from_uuid(uuid::Uuid::nil());
            let fresh = Page::of_feed(user, Source::Plaid, "new", vec![record(99, 1)], Vec::new());
            let mut expected = stored.clone();
            plan_pages(&expected, [fresh.clone()]).apply(&mut expected);
            let replays = replayed.iter().filter_map(|number| pages.get(*number).cloned());
            plan_pages(&stored, [fresh].into_iter().chain(replays)).apply(&mut stored);
            prop_assert_eq!(stored, expected);
        }

        #[test]
        fn splitting_pages_into_imports_changes_nothing(pages in any_pages(), at in 0_usize..5) {
            let mut whole = BTreeMap::new();
            plan_pages(&whole, pages.clone()).apply(&mut whole);
            let (first, second) = pages.split_at(at.min(pages.len()));
            let mut split = BTreeMap::new();
            plan_pages(&split, first.to_vec()).apply(&mut split);
            plan_pages(&split, second.to_vec()).apply(&mut split);
            prop_assert_eq!(split, whole);
        }

        #[test]
        fn what_was_removed_once_stays_removed(pages in any_pages(), more in any_pages()) {
            let mut stored = BTreeMap::new();
            plan_pages(&stored, pages).apply(&mut stored);
            let gone: Vec<_> = stored.iter().filter(|(_, r)| **r == StoredRecord::Removed).map(|(id, _)| *id).collect();
            plan_pages(&stored, more).apply(&mut stored);
            for id in gone {
                prop_assert_eq!(stored.get(&id), Some(&StoredRecord::Removed));
            }
        }
    }
}

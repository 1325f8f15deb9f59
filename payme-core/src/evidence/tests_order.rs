//! Laws of a person's stored evidence: the order in which records, pages and corrections come
//! changes nothing.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::ledger::{CorrectionEdit, Edit};
use super::merchant::{LearnedAliases, Merchant};
use super::{Reading, StoredEvidence, plan_correction, plan_records};
use crate::sync::tests_support::{message, transaction};
use crate::sync::{Page, Record};
use crate::types::{Instant, Person, RecordId, UserId};

const DESCRIPTORS: [&str; 6] = [
    "SQ *BLUE BOTTLE 123 OAKLAND CA",
    "TST* PEAR KITCHEN 0412",
    "PEAR FILMS 800-555-0142",
    "POS DEBIT 8847 QXZ HLDGS",
    "\u{1f355}",
    "",
];

fn reading() -> Reading {
    let merchants = ["Blue Bottle Coffee", "Pear Kitchen", "Pear Films"]
        .map(|name| Merchant { name: name.to_owned(), aliases: Vec::new() });
    Reading::new([], merchants, &LearnedAliases::default()).unwrap()
}

/// Records of different ids: monthly charges, odd ones, pending ones and mail.
fn any_records() -> impl Strategy<Value = Vec<Record>> {
    let one = (0_usize..6, 0_i16..18, 1_i8..29, -3_i64..9, any::<bool>(), 0_u8..5);
    vec(one, 0..24).prop_map(|rows| {
        let rows = (1_u128..).zip(rows);
        rows.map(|(id, (name, month, day, cents, pending, kind))| {
            let date = format!("{}-{:02}-{day:02}", 2023 + month / 12, month % 12 + 1);
            if kind == 4 {
                return Record::Message(message(id, &date, "Your Uber ride", DESCRIPTORS[name]));
            }
            let mut one = transaction(id, &date, 999 + cents * 250, "");
            one.merchant_name = None;
            one.name = DESCRIPTORS[name].to_owned();
            one.pending = pending && kind == 0;
            one.supersedes = (kind == 1 && id > 1).then(|| record_id(id - 1));
            Record::Transaction(one)
        })
        .collect()
    })
}

fn record_id(id: u128) -> RecordId {
    RecordId::from_uuid(uuid::Uuid::from_u128(id))
}

fn nobody() -> StoredEvidence {
    StoredEvidence::none(Person::unknown(UserId::from_uuid(uuid::Uuid::nil())))
}

fn corrected(stored: &mut StoredEvidence, reading: &Reading, (id, name): (u128, usize)) {
    let merchant = Edit::Set(["Hulu", "Pear Films"][name].to_owned());
    let edit = CorrectionEdit { merchant, ..CorrectionEdit::default() };
    let at = Instant::parse("2026-02-01T00:00:00Z").unwrap();
    let change = plan_correction(stored, record_id(id), &edit, at, reading).unwrap();
    change.apply(stored);
}

proptest! {
    #[test]
    fn records_in_any_order_and_any_pages_give_the_same_state(
        records in any_records(),
        corrections in vec((1_u128..24, 0_usize..2), 0..3),
        picks in vec(any::<Index>(), 24),
        cuts in vec(any::<Index>(), 0..6),
        corrected_after in any::<Index>(),
    ) {
        let reading = reading();
        let mut corrections = corrections;
        corrections.sort_unstable();
        corrections.dedup_by_key(|(id, _)| *id);
        let mut whole = nobody();
        plan_records(&whole, [Page::list(records.clone())], &reading).apply(&mut whole);
        for correction in &corrections {
            corrected(&mut whole, &reading, *correction);
        }

        let mut shuffled = Vec::new();
        let mut left = records;
        for pick in picks {
            if !left.is_empty() {
                shuffled.push(left.swap_remove(pick.index(left.len())));
            }
        }
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(shuffled.len() + 1)).collect();
        cuts.extend([0, shuffled.len()]);
        cuts.sort_unstable();
        let pages: Vec<_> = cuts.windows(2).map(|cut| shuffled[cut[0]..cut[1]].to_vec()).collect();
        let corrected_after = corrected_after.index(pages.len());
        let mut parts = nobody();
        for (number, page) in pages.into_iter().enumerate() {
            plan_records(&parts, [Page::list(page)], &reading).apply(&mut parts);
            if number == corrected_after {
                for correction in corrections.iter().rev() {
                    corrected(&mut parts, &reading, *correction);
                }
            }
        }
        parts.version = whole.version;
        prop_assert_eq!(&parts, &whole);
        prop_assert!(plan_records(&parts, [], &reading).is_empty(), "re-reading changes nothing");
    }
}

//! Exports of trackers: rows of others, read, kept and made into settlements.

use std::collections::{BTreeMap, BTreeSet};

use payme_core::catalog::tracker::{
    TrackedRow, TrackerExport, TrackerState, parse_tracker, plan_tracker, read_audience,
    read_deadlines, read_payout, read_periods, read_places, read_proof,
};
use payme_core::catalog::{CatalogIndex, parse_settlement};
use payme_core::ranking::Weights;
use payme_core::types::{Date, FeatureKey, Version};

use super::{check_match, check_refusal, marked, person_with};

/// An export of a tracker: every row is told of once, what is made of them reads back, has words
/// for each of its facts and can be matched, and importing it again writes nothing. What is no
/// export is read for phrases: those of an export are read where its rows are.
pub fn tracker(data: &[u8]) {
    /// Longer texts say nothing more about the readers of phrases, and take their time.
    const PHRASES_BYTES_MAX: usize = 256;
    let read = parse_tracker(data);
    let file = match read.clone() {
        Ok(file) => file,
        Err(refusal) => {
            read_phrases(data.get(..PHRASES_BYTES_MAX).unwrap_or(data));
            assert_eq!(parse_tracker(&marked(data)), read, "a byte order mark changed something");
            return check_refusal(data, &refusal);
        }
    };
    assert_eq!(parse_tracker(&marked(data)), read, "a byte order mark changed something");
    for refused in &file.refused {
        check_refusal(data, &refused.refusal);
    }
    let rows = file.rows.len() + file.refused.len();
    let day = Date::constant(2026, 3, 1);
    let export = TrackerExport::new("fuzz", Some(day), file, day).expect("a name and a day");
    let plan =
        plan_tracker(&TrackerState::default(), &BTreeMap::new(), std::slice::from_ref(&export));
    assert_eq!(plan.report.rows.len(), rows, "a row is not told of, or twice");
    for row in &plan.rows {
        let again = TrackedRow::from_stored(row.key.clone(), &row.to_stored());
        assert_eq!(again.as_ref(), Some(row), "reading back what is stored");
    }
    for one in &plan.settlements {
        let text = one.to_json().to_string();
        assert_eq!(parse_settlement(&text).as_ref(), Ok(one), "reading back {text}");
        let from = one.provenance.as_ref().expect("a tracker says where it comes from");
        assert!(from.sources.iter().all(|fact| !fact.text.is_empty()), "no words in {text}");
    }
    let kept = TrackerState::new(plan.rows.clone());
    let made = plan.settlements.iter().map(|one| (one.id, (Version::FIRST, one.clone()))).collect();
    let again = plan_tracker(&kept, &made, &[export]);
    assert!(again.rows.is_empty() && again.settlements.is_empty(), "importing again writes");
    let index = CatalogIndex::new(plan.settlements.iter().cloned());
    let keys: BTreeSet<&FeatureKey> =
        plan.settlements.iter().flat_map(|one| one.eligibility.feature_keys()).collect();
    if !plan.settlements.is_empty() {
        check_match(&index, &person_with(keys), &Weights::default());
    }
}

/// Any text at all, read for phrases: nothing that is read contradicts itself.
fn read_phrases(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let payout = read_payout(&text);
    assert!(!matches!((payout.min_cents, payout.max_cents), (Some(a), Some(b)) if a > b));
    for period in read_periods(&text) {
        assert!(!matches!((period.start, period.end), (Some(a), Some(b)) if a > b));
        assert!(text.contains(&period.text), "words that are not in the text");
    }
    for deadline in read_deadlines(&text) {
        assert!(text.contains(&deadline.text), "words that are not in the text");
    }
    let places = read_places(&text);
    assert!(places.within.intersection(places.outside).is_empty(), "a state is in and out");
    let (_, words) = read_audience(&text);
    assert!(text.contains(&words), "words that are not in the text");
    let _ = read_proof(&text);
}

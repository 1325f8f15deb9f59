//! Rows of an export that a ranker is trained from.

use std::collections::BTreeSet;

use payme_core::learning::{SampleTable, parse_samples, sample_row};
use payme_core::matching::SignalSet;
use serde_json::Value;

use super::{check_refusal, check_rows, marked};

/// An export: what is taken reads back, one row for each pair, and makes a table of finite numbers.
pub fn samples(data: &[u8]) {
    let read = parse_samples(data);
    assert_eq!(parse_samples(&marked(data)), read, "a byte order mark changed something");
    let rows = match read {
        Ok(rows) => rows,
        Err(refusal) => return check_refusal(data, &refusal),
    };
    check_rows(data, &rows);
    let text = Value::from_iter(rows.taken.iter().map(sample_row)).to_string();
    let again = parse_samples(text.as_bytes()).map(|rows| rows.taken);
    assert_eq!(again.as_ref(), Ok(&rows.taken), "reading back {text}");
    let pairs: BTreeSet<_> =
        rows.taken.iter().map(|sample| (sample.user_id, sample.settlement_id)).collect();
    assert_eq!(pairs.len(), rows.taken.len(), "two samples of one pair");
    for set in SignalSet::ALL {
        let table = SampleTable::new(&rows.taken, set);
        assert_eq!(table.labels().len() + table.pending(), rows.taken.len());
        assert_eq!(table.features().len(), table.labels().len() * set.signals().len());
        assert!(table.features().iter().all(|value| (0.0..=1.0).contains(value)));
    }
}

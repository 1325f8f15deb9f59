//! The eligible pairs of many people and a catalogue, without scores.

use super::session::Moment;
use super::windows::in_windows;
use super::{MatchScope, Matcher, People};
use crate::catalog::{CatalogIndex, SettlementIx};
use crate::types::UserId;

/// Who is eligible for what. `sink` gets each person in the order of the rows, with the settlements
/// whose rule is met, each once, in no order. Whether everybody was done: `cancelled` is asked
/// before each chunk of people, and once it says so nothing more is begun.
///
/// With the feature `parallel` every core takes part; the answer is the same.
/// ```
/// use payme_core::catalog::CatalogIndex;
/// use payme_core::matching::{MatchScope, People, eligible_pairs};
/// use payme_core::types::Instant;
/// let scope = MatchScope { now: Instant::parse("2026-02-01T00:00:00Z")?, include_closed: false };
/// let mut pairs = 0;
/// let (index, people) = (CatalogIndex::default(), People::default());
/// assert!(eligible_pairs(&index, &people, scope, &|| false, |_, list| pairs += list.len()));
/// assert_eq!(pairs, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn eligible_pairs(
    index: &CatalogIndex,
    people: &People,
    scope: MatchScope,
    cancelled: &(dyn Fn() -> bool + Sync),
    mut sink: impl FnMut(UserId, &[SettlementIx]),
) -> bool {
    let rows: Vec<u32> = people.rows().collect();
    let binding = people.bind_features(index);
    let moment = Moment::of(scope);
    let chunk = |matcher: &mut Matcher<'_>, rows: &[u32]| {
        let mut found: (Vec<(UserId, usize)>, Vec<SettlementIx>) = Default::default();
        for row in rows {
            let session = matcher.read_row(people, &binding, *row, &moment);
            if let (Some(session), Some(user_id)) = (session, people.user_id(*row)) {
                found.1.extend(session.eligible().iter().map(|ix| SettlementIx(*ix)));
                found.0.push((user_id, found.1.len()));
            }
        }
        found
    };
    in_windows(
        &rows,
        || Matcher::new(index),
        chunk,
        cancelled,
        |(ids, pairs)| {
            let mut start = 0;
            for (user_id, end) in ids {
                sink(user_id, pairs.get(start..end).unwrap_or_default());
                start = end;
            }
        },
    )
}

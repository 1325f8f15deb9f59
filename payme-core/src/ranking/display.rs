//! What a person is shown, and in which order.

use crate::types::{SettlementId, UserId, Version};

/// What a person has said about one settlement; one row for each pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preference {
    /// The person.
    pub user_id: UserId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The version stored; `None` when nothing is stored yet.
    pub version: Option<Version>,
    /// Whether the person marked it.
    pub starred: bool,
    /// Whether it stands above the others.
    pub pinned: bool,
    /// Its place among the pinned ones, ascending; only a pinned settlement has one.
    pub pinned_order: Option<i32>,
}

impl Preference {
    /// The preference of a pair about which nothing was said.
    pub const fn none(user_id: UserId, settlement_id: SettlementId) -> Self {
        Self {
            user_id,
            settlement_id,
            version: None,
            starred: false,
            pinned: false,
            pinned_order: None,
        }
    }

    /// Pins it, at a place if one is given.
    #[must_use]
    pub const fn pin(self, pinned_order: Option<i32>) -> Self {
        Self { pinned: true, pinned_order, ..self }
    }

    /// Takes the pin away, and its place with it.
    #[must_use]
    pub const fn unpin(self) -> Self {
        Self { pinned: false, pinned_order: None, ..self }
    }

    /// Marks it, or takes the mark away.
    #[must_use]
    pub const fn star(self, starred: bool) -> Self {
        Self { starred, ..self }
    }
}

/// Puts settlements in the order in which a person is shown them: pinned first, then by place
/// (those without one last), then by score descending. Those of one score stay as they came: in the
/// order of their ranks.
///
/// `settlement` and `score` read both from an item; `preference` gives what the person said.
pub fn display_order<T>(
    items: &mut [T],
    settlement: impl Fn(&T) -> SettlementId,
    score: impl Fn(&T) -> f64,
    preference: impl Fn(SettlementId) -> Option<Preference>,
) {
    items.sort_by(|a, b| {
        let key = |item: &T| {
            let said = preference(settlement(item));
            let order = said.and_then(|said| said.pinned_order);
            (!said.is_some_and(|said| said.pinned), order.is_none(), order)
        };
        key(a).cmp(&key(b)).then_with(|| score(b).total_cmp(&score(a)))
    });
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn pinned_come_first_then_their_place_then_the_score() {
        let user = UserId::from_uuid(Uuid::from_u128(1));
        let id = |n| SettlementId::from_uuid(Uuid::from_u128(n));
        let said = |n: u128| {
            let none = Preference::none(user, id(n));
            match n {
                1 => Some(none.pin(None)),
                2 => Some(none.pin(Some(7))),
                3 => Some(none.pin(Some(-1))),
                4 => Some(none.star(true)),
                5 => Some(none.pin(Some(1)).unpin()),
                _ => None,
            }
        };
        let mut items = [(1, 0.2), (2, 0.1), (3, 0.0), (4, 0.5), (5, 0.9), (6, 0.5), (7, 0.95)]
            .map(|(n, score)| (id(n), score));
        display_order(&mut items, |i| i.0, |i| i.1, |s| said(s.uuid().as_u128()));
        let order: Vec<u128> = items.iter().map(|(id, _)| id.uuid().as_u128()).collect();
        assert_eq!(order, [3, 2, 1, 7, 5, 4, 6]);
    }
}

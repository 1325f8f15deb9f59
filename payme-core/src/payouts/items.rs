//! Paying people by name in one request: what such a request may be, and its batches.
//!
//! In: [`PayItem`]s of any settlements, the key of the request, and the currencies of the accounts.
//! Out: one [`ItemGroup`] for each settlement, or the first thing that is wrong with the request,
//! with its place. A request that is wrong anywhere is refused whole, before anything is done.
//! Whether a person can be paid *now* makes no request wrong: who cannot is left out of the batch,
//! and named.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::{
    Amount, AmountError, ApprovalState, ItemsDigest, KEY_CHARS_MAX, PayoutError, RequestKey,
    Skipped,
};
use crate::claims::{ClaimError, ClaimState};
use crate::types::{Currency, Money, SettlementId, UserId, hex};

/// What stands between the key of a request and the id of a settlement in the key of a batch.
const JOINT: &str = ":sid:";
/// How many characters the id of a settlement has.
const ID_CHARS: usize = 36;
/// How long the key of such a request may be, so that the keys of its batches still are keys.
pub const ITEMS_KEY_CHARS_MAX: usize = KEY_CHARS_MAX - JOINT.len() - ID_CHARS;

/// How many items fewer are tried to find what a kept request named.
const FEWER_MAX: usize = 1_000;

/// Somebody to be approved and paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayItem {
    /// The person.
    pub user_id: UserId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// How much; without it the settlement's least payout.
    pub money: Option<Money>,
}

/// The items of one settlement: one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemGroup {
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The key of its batch.
    pub key: RequestKey,
    /// The people and amounts, in the order of the request.
    pub items: Vec<(UserId, Option<Amount>)>,
    /// The place of each in the request, from 1.
    pub positions: Vec<usize>,
}

/// What is wrong with one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ItemFault {
    /// Its amount, or what the amounts of the settlement add up to with it.
    #[error(transparent)]
    Amount(AmountError),
    /// Its amount is in another currency than the account.
    #[error("the amount is in {given}, the account in {account}: convert it first")]
    Currency {
        /// That of the item.
        given: Currency,
        /// That of the account.
        account: Currency,
    },
    /// The catalogue does not have the settlement.
    #[error("the settlement is not in the catalogue: import it first")]
    UnknownSettlement,
    /// No account of the attorney is linked to the settlement.
    #[error("no account is linked to the settlement: link one first")]
    NotLinked,
    /// The account is closed.
    #[error("the account of the settlement is closed: nothing new is paid from it")]
    AccountClosed,
    /// Nothing is stored of the person.
    #[error("the person is not known")]
    UnknownUser,
    /// The same person and settlement stand at an earlier place.
    #[error("the same person and settlement stand at place {first}: name each once")]
    Twice {
        /// Where they stand first, from 1.
        first: usize,
    },
}

/// Why a request to pay people by name is refused. Nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ItemsError {
    /// It names nobody.
    #[error("the request names nobody: give at least one item")]
    Empty,
    /// Its key leaves no room for the settlements.
    #[error("the key of a request with items has at most {ITEMS_KEY_CHARS_MAX} characters")]
    Key,
    /// One of its items.
    #[error("item {position}: {fault}")]
    Item {
        /// Its place, from 1.
        position: usize,
        /// What is wrong with it.
        fault: ItemFault,
    },
}

impl ItemFault {
    /// The stable code of this fault.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Amount(error) => error.code(),
            Self::Currency { .. } => "mixed_currencies",
            Self::UnknownSettlement => "unknown_settlement",
            Self::NotLinked => "account_not_linked",
            Self::AccountClosed => "account_closed",
            Self::UnknownUser => "unknown_user",
            Self::Twice { .. } => "duplicate_item",
        }
    }

    /// The refusal of a request with such an item at a place, counted from 0.
    pub const fn at(self, index: usize) -> ItemsError {
        ItemsError::Item { position: index.saturating_add(1), fault: self }
    }
}

impl ItemsError {
    /// The stable code of this error.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "no_items",
            Self::Key => "invalid_key",
            Self::Item { fault, .. } => fault.code(),
        }
    }
}

/// The batches of a request, by settlement. `currencies` are those of the attorney's accounts.
///
/// # Errors
/// [`ItemsError`]: the first item that is wrong, in their order.
///
/// ```
/// use std::collections::BTreeMap;
/// use payme_core::payouts::{PayItem, RequestKey, group_items};
/// use payme_core::types::{Currency, Money};
/// let id = |n: u8| format!("00000000-0000-4000-8000-0000000000{n:02}");
/// let item = |user, settlement, cents| PayItem {
///     user_id: id(user).parse().unwrap(),
///     settlement_id: id(settlement).parse().unwrap(),
///     money: Some(Money::usd_cents(cents)),
/// };
/// let accounts = BTreeMap::from([
///     (id(8).parse().unwrap(), Currency::USD),
///     (id(9).parse().unwrap(), Currency::USD),
/// ]);
/// let key = RequestKey::new("payday").unwrap();
/// let items = [item(1, 9, 500), item(1, 8, 500), item(2, 9, 700)];
/// let groups = group_items(&items, &key, &accounts)?;
/// assert_eq!(groups[0].positions, [2]);
/// assert_eq!(groups[1].positions, [1, 3]);
/// assert_eq!(groups[1].key.as_str(), format!("payday:sid:{}", id(9)));
/// let twice = [items[0], items[0]];
/// let error = group_items(&twice, &key, &accounts).unwrap_err();
/// assert_eq!(error.code(), "duplicate_item");
/// assert!(error.to_string().starts_with("item 2: "));
/// # Ok::<(), payme_core::payouts::ItemsError>(())
/// ```
pub fn group_items(
    items: &[PayItem],
    key: &RequestKey,
    currencies: &BTreeMap<SettlementId, Currency>,
) -> Result<Vec<ItemGroup>, ItemsError> {
    if items.is_empty() {
        return Err(ItemsError::Empty);
    }
    if key.as_str().len() > ITEMS_KEY_CHARS_MAX {
        return Err(ItemsError::Key);
    }
    let mut first: BTreeMap<(SettlementId, UserId), usize> = BTreeMap::new();
    let mut groups: BTreeMap<SettlementId, (ItemGroup, i64)> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let PayItem { user_id, settlement_id, .. } = *item;
        let amount = amount_of(item, currencies).map_err(|fault| fault.at(index))?;
        let position = index.saturating_add(1);
        if let Some(first) = first.insert((settlement_id, user_id), position) {
            return Err(ItemFault::Twice { first }.at(index));
        }
        let group = match groups.entry(settlement_id) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let key = items_batch_key(key, settlement_id)?;
                let (items, positions) = (Vec::new(), Vec::new());
                new.insert((ItemGroup { settlement_id, key, items, positions }, 0))
            }
        };
        let overflow = ItemFault::Amount(AmountError::Overflow).at(index);
        group.1 = group.1.checked_add(amount.map_or(0, Amount::minor)).ok_or(overflow)?;
        group.0.items.push((user_id, amount));
        group.0.positions.push(position);
    }
    Ok(groups.into_values().map(|(group, _)| group).collect())
}

fn amount_of(
    item: &PayItem,
    currencies: &BTreeMap<SettlementId, Currency>,
) -> Result<Option<Amount>, ItemFault> {
    let account = *currencies.get(&item.settlement_id).ok_or(ItemFault::NotLinked)?;
    let Some(money) = item.money else { return Ok(None) };
    let given = money.currency();
    if given != account {
        return Err(ItemFault::Currency { given, account });
    }
    Amount::new(money.minor()).map(Some).map_err(ItemFault::Amount)
}

/// The key of the batch that a request makes for a settlement.
///
/// # Errors
/// [`ItemsError::Key`] where the key of the request is too long.
pub fn items_batch_key(
    key: &RequestKey,
    settlement_id: SettlementId,
) -> Result<RequestKey, ItemsError> {
    RequestKey::new(format!("{key}{JOINT}{settlement_id}")).map_err(|_| ItemsError::Key)
}

/// How many of these items, from the first, a request named of which the digest was kept. `known`
/// of them were there for certain; at most 1,000 fewer are tried, which is who ended between the
/// request and its batch.
pub fn first_items_asked(
    items: &[PayItem],
    known: usize,
    key: &RequestKey,
    currencies: &BTreeMap<SettlementId, Currency>,
    kept: &str,
) -> Option<usize> {
    let mut lengths = (1..=known.min(items.len())).rev().take(FEWER_MAX);
    lengths.find(|length| {
        let groups = items.get(..*length).map(|items| group_items(items, key, currencies));
        matches!(groups, Some(Ok(groups)) if request_digest(&groups) == kept)
    })
}

/// What a whole request names, as one SHA-256 in hexadecimal. Groups come by settlement, and the
/// people of each may stand in any order.
pub fn request_digest(groups: &[ItemGroup]) -> String {
    let mut hash = Sha256::new();
    for group in groups {
        hash.update(group.settlement_id.uuid().as_bytes());
        hash.update(ItemsDigest::new(&group.items).as_str());
    }
    hex(&hash.finalize())
}

/// Why somebody who could not be approved is left out, where that makes no request wrong.
pub const fn left_out_by(error: &PayoutError) -> Option<Skipped> {
    match error {
        PayoutError::AlreadyPaid(_) => Some(Skipped::AlreadyPaid),
        PayoutError::InFlight(_) => Some(Skipped::InFlight),
        PayoutError::OtherAmount(_) => Some(Skipped::OtherAmount),
        PayoutError::Claim(ClaimError::Illegal { from: ClaimState::Rejected, .. })
        | PayoutError::Approval { from: ApprovalState::Rejected, .. } => Some(Skipped::NotApproved),
        PayoutError::Claim(_) => Some(Skipped::NotSubmitted),
        _ => None,
    }
}

/// Whether somebody who was left out for this reason had been approved by then.
pub const fn was_approved(reason: Skipped) -> bool {
    match reason {
        Skipped::NoDestination | Skipped::InFlight | Skipped::ApprovedMeanwhile => true,
        Skipped::NoAmount
        | Skipped::NotApproved
        | Skipped::NotSubmitted
        | Skipped::OtherAmount
        | Skipped::AlreadyPaid => false,
    }
}

/// Who of a group is in the batch, left out with a kept reason, or neither: those have a transfer
/// of another batch, which took them between their approval and this batch.
pub fn complete_left_out(
    group: &ItemGroup,
    paid: &BTreeSet<UserId>,
    kept: &BTreeMap<UserId, Skipped>,
) -> Vec<(usize, UserId, Skipped)> {
    let people = group.positions.iter().zip(&group.items);
    let out = people.filter(|(_, (user_id, _))| !paid.contains(user_id));
    let told = out.map(|(position, (user_id, _))| {
        let reason = kept.get(user_id).copied().unwrap_or(Skipped::InFlight);
        (*position, *user_id, reason)
    });
    told.collect()
}

#[cfg(test)]
mod tests;

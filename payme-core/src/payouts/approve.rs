//! What attorneys decide: accounts, their money, and who is paid.
//!
//! In: loaded rows and a request. Out: facts in the [`Draft`], or a refusal. What was decided
//! already is said so and changes nothing.

use super::{
    Account, AccountStatus, Amount, ApprovalState, Draft, PayoutError, PayoutEvent, RequestKey,
};
use crate::types::{AccountId, ApprovalId, AttorneyId, Currency, Money, SettlementId, UserId};

/// Links an account to a settlement. `linked` is the one that is linked already.
///
/// # Errors
/// [`PayoutError::AlreadyLinked`] where another account is.
pub fn link_account(
    draft: &mut Draft,
    linked: Option<&Account>,
    account_id: AccountId,
    attorney_id: AttorneyId,
    (settlement_id, currency, rail): (SettlementId, Currency, &str),
) -> Result<(), PayoutError> {
    if linked.is_some() {
        return Err(PayoutError::AlreadyLinked);
    }
    draft.record(PayoutEvent::SettlementAccountLinked {
        account_id,
        attorney_id,
        settlement_id,
        currency,
        rail: rail.to_owned(),
    })
}

/// Closes an account: nothing new is paid from it, and what is on its way still ends.
///
/// # Errors
/// [`PayoutError::AccountClosed`] where it is closed.
pub fn close_account(draft: &mut Draft, account_id: AccountId) -> Result<(), PayoutError> {
    active(draft, account_id)?;
    draft.record(PayoutEvent::SettlementAccountClosed { account_id })
}

/// Puts money into an account. `before` is what was put in under the same key.
///
/// # Errors
/// [`PayoutError::KeyReused`] where that was another amount, [`PayoutError::Currency`],
/// [`PayoutError::AccountClosed`], and [`PayoutError::Amount`] where it is not above zero or more
/// than fits.
pub fn fund(
    draft: &mut Draft,
    account_id: AccountId,
    key: &RequestKey,
    money: Money,
    before: Option<Amount>,
) -> Result<Decision, PayoutError> {
    let account = draft.books().accounts.get(&account_id).ok_or(PayoutError::NotLinked)?;
    let amount_cents = amount_in(account, money)?;
    match before {
        Some(before) if before == amount_cents => return Ok(Decision::Stood),
        Some(_) => return Err(PayoutError::KeyReused { field: "amount" }),
        None => {}
    }
    active(draft, account_id)?;
    let key = key.clone();
    draft.record(PayoutEvent::PayoutAccountFunded { account_id, key, amount_cents })?;
    Ok(Decision::New)
}

/// Whether something is decided by this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is.
    New,
    /// It was decided before, in the same way.
    Stood,
}

/// What became of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approved {
    /// The approval.
    pub approval_id: ApprovalId,
    /// Whether it is new.
    pub decision: Decision,
    /// 1 for the first attempt.
    pub attempt: u32,
}

/// Whom a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct About {
    user_id: UserId,
    settlement_id: SettlementId,
    account_id: AccountId,
    attorney_id: AttorneyId,
}

/// Approves a claimant: the first attempt, or another after a transfer failed or came back.
///
/// The draft holds the account, the claim, and the approval if there is one; `new_id` is used where
/// there is none.
///
/// # Errors
/// [`PayoutError::AlreadyPaid`], [`PayoutError::InFlight`] and [`PayoutError::OtherAmount`] where
/// an attempt stands; [`PayoutError::Claim`] where the claim is not submitted;
/// [`PayoutError::AccountClosed`], [`PayoutError::Currency`], [`PayoutError::Amount`].
pub fn approve(
    draft: &mut Draft,
    account_id: AccountId,
    user_id: UserId,
    money: Option<Money>,
    new_id: ApprovalId,
) -> Result<Approved, PayoutError> {
    let account = active(draft, account_id)?;
    let amount_cents = money.map(|money| amount_in(account, money)).transpose()?;
    let about = About {
        user_id,
        settlement_id: account.settlement_id,
        account_id,
        attorney_id: account.attorney_id,
    };
    let mut attempt = 1;
    let mut approval_id = new_id;
    if let Some(approval) = standing(draft, about) {
        approval_id = approval.id;
        attempt = approval.attempt;
        match approval.state {
            ApprovalState::Paid => return Err(PayoutError::AlreadyPaid(approval.id)),
            ApprovalState::Approved if approval.amount == amount_cents => {
                return Ok(Approved { approval_id, decision: Decision::Stood, attempt });
            }
            ApprovalState::Approved if approval.transfer_id.is_some() => {
                return Err(PayoutError::InFlight(approval.id));
            }
            ApprovalState::Approved => return Err(PayoutError::OtherAmount(approval.id)),
            ApprovalState::Pending | ApprovalState::Rejected | ApprovalState::Failed => {
                attempt = attempt.checked_add(1).ok_or(super::AmountError::Overflow)?;
            }
        }
    }
    expect_claim(draft, about)?;
    draft.record(PayoutEvent::ClaimantApproved {
        approval_id,
        user_id,
        settlement_id: about.settlement_id,
        account_id,
        attorney_id: about.attorney_id,
        attempt,
        amount_cents,
    })?;
    Ok(Approved { approval_id, decision: Decision::New, attempt })
}

/// Rejects a claimant.
///
/// # Errors
/// [`PayoutError::Approval`] where the claimant was approved; [`PayoutError::Claim`] where the
/// claim is not submitted; [`PayoutError::AccountClosed`].
pub fn reject(
    draft: &mut Draft,
    account_id: AccountId,
    user_id: UserId,
    new_id: ApprovalId,
) -> Result<Decision, PayoutError> {
    let account = active(draft, account_id)?;
    let (settlement_id, attorney_id) = (account.settlement_id, account.attorney_id);
    let about = About { user_id, settlement_id, account_id, attorney_id };
    let mut approval_id = new_id;
    if let Some(approval) = standing(draft, about) {
        approval_id = approval.id;
        if approval.state == ApprovalState::Rejected {
            return Ok(Decision::Stood);
        }
    }
    expect_claim(draft, about)?;
    draft.record(PayoutEvent::ClaimantRejected {
        approval_id,
        user_id,
        settlement_id,
        account_id,
        attorney_id,
    })?;
    Ok(Decision::New)
}

/// An account that can be paid from.
pub(super) fn active(draft: &Draft, account_id: AccountId) -> Result<&Account, PayoutError> {
    let account = draft.books().accounts.get(&account_id).ok_or(PayoutError::NotLinked)?;
    match account.status {
        AccountStatus::Active => Ok(account),
        AccountStatus::Closed => Err(PayoutError::AccountClosed),
    }
}

fn amount_in(account: &Account, money: Money) -> Result<Amount, PayoutError> {
    let (given, account) = (money.currency(), account.currency);
    if given != account {
        return Err(PayoutError::Currency { given, account });
    }
    Ok(Amount::new(money.minor())?)
}

fn standing(draft: &Draft, about: About) -> Option<&super::Approval> {
    draft.books().approvals.values().find(|approval| {
        approval.user_id == about.user_id && approval.settlement_id == about.settlement_id
    })
}

/// A decision needs a claim that was filed: one that nobody loaded was not.
fn expect_claim(draft: &Draft, about: About) -> Result<(), PayoutError> {
    use crate::claims::{ClaimError, ClaimMove, ClaimState};
    if draft.books().claims.contains_key(&(about.user_id, about.settlement_id)) {
        return Ok(());
    }
    let (from, event) = (ClaimState::Matched, ClaimMove::Approve);
    Err(ClaimError::Illegal { from, event }.into())
}

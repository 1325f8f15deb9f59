//! What has to hold, judged by the truth of the rail and not by what the engine believes.

use std::collections::BTreeMap;

use payme_adapters::rail::Twin;
use payme_core::audit::{Head, Link};
use payme_core::claims::ClaimState;
use payme_core::payouts::{
    ApprovalState, Books, Held, Meaning, PayoutEvent, Place, Posting, RailStatus, Transfer,
    TransferState,
};
use payme_core::types::{AccountId, ApprovalId, Instant, TransferId, UserId};

use crate::schedule::ready;
use crate::store::Inner;

/// A law that does not hold.
pub type Violation = String;

/// Fails with a text unless it holds.
macro_rules! hold {
    ($holds:expr, $($text:tt)+) => {
        if !$holds { return Err(format!($($text)+)); }
    };
}

const fn may_have_paid(status: RailStatus) -> bool {
    matches!(status.meaning(), Meaning::Moving | Meaning::Arrived)
}

/// What has to hold after every step.
pub(crate) fn always(
    rows: &Books,
    store: &dyn Inner,
    twin: &Twin,
    account: AccountId,
) -> Result<(), Violation> {
    paid_once(rows, twin)?;
    named_once(rows, twin)?;
    conserved(rows, account, &postings(store, account))?;
    counted(rows)?;
    told(rows)
}

/// At most one transfer of a person can move money at the rail, or has.
fn paid_once(rows: &Books, twin: &Twin) -> Result<(), Violation> {
    let mut live: BTreeMap<UserId, usize> = BTreeMap::new();
    for sent in twin.sent().filter(|sent| may_have_paid(sent.transfer.status)) {
        let count = live.entry(sent.user_id).or_default();
        *count += 1;
        hold!(*count == 1, "two transfers of {} move money at the rail", sent.user_id);
    }
    let mut can_move: BTreeMap<ApprovalId, Vec<TransferId>> = BTreeMap::new();
    for row in rows.transfers.values().filter(|row| row.state.is_live()) {
        can_move.entry(row.approval_id).or_default().push(row.id);
    }
    for approval in rows.approvals.values() {
        let own = can_move.remove(&approval.id).unwrap_or_default();
        hold!(own.len() <= 1, "approval {} has {} live transfers", approval.id, own.len());
        hold!(
            approval.transfer_id == own.first().copied(),
            "approval {} names another transfer than its own",
            approval.id
        );
    }
    hold!(can_move.is_empty(), "a transfer is of no approval");
    attempted_once(rows)
}

/// Each decision to pay leads to one transfer at most, however often that is cancelled or fails.
fn attempted_once(rows: &Books) -> Result<(), Violation> {
    let mut transfers: BTreeMap<ApprovalId, u32> = BTreeMap::new();
    for row in rows.transfers.values() {
        *transfers.entry(row.approval_id).or_default() += 1;
    }
    for approval in rows.approvals.values() {
        let made = transfers.get(&approval.id).copied().unwrap_or(0);
        let decided = approval.attempt;
        hold!(made <= decided, "approval {}: {made} transfers, {decided} attempts", approval.id);
    }
    Ok(())
}

/// One movement of money pays one transfer: that of whom the rail sent it to.
fn named_once(rows: &Books, twin: &Twin) -> Result<(), Violation> {
    let mut owners = BTreeMap::new();
    for row in rows.transfers.values() {
        let Some(name) = &row.provider_transfer_id else { continue };
        let Some(sent) = twin.named(name) else {
            return Err(format!("transfer {} is said to be {}, which is none", row.id, name.0));
        };
        let is_own = (sent.user_id, sent.transfer.amount) == (row.user_id, row.amount);
        hold!(is_own, "transfer {} is said to be {}, which is another's", row.id, name.0);
        let other = owners.insert(name, row.id);
        hold!(other.is_none(), "two transfers are said to be {}", name.0);
    }
    Ok(())
}

/// All money that was put in is somewhere, for the rows and for the postings alike. The sums are wider
/// than the engine's, so that what comes back and goes out again and again fits.
fn conserved(rows: &Books, account: AccountId, postings: &[Posting]) -> Result<(), Violation> {
    let Some(row) = rows.accounts.get(&account) else { return Ok(()) };
    let held = |of: fn(&Held) -> i64| -> i128 {
        rows.batches.values().map(|batch| i128::from(of(&batch.held))).sum()
    };
    let told: BTreeMap<Place, i128> = [
        (Place::Funded, -i128::from(row.funded)),
        (Place::Available, i128::from(row.available)),
        (Place::Reserved, held(|held| held.reserved)),
        (Place::InFlight, held(|held| held.in_flight)),
        (Place::Paid, held(|held| held.paid)),
    ]
    .into();
    hold!(told.values().sum::<i128>() == 0, "money is not conserved: {told:?}");
    let mut posted: BTreeMap<Place, i128> = told.keys().map(|place| (*place, 0)).collect();
    for posting in postings {
        let cents = i128::from(posting.amount.minor());
        *posted.entry(posting.kind.from()).or_default() -= cents;
        *posted.entry(posting.kind.to()).or_default() += cents;
    }
    hold!(posted == told, "rows say {told:?}, postings {posted:?}");
    Ok(())
}

/// The counters of a batch are those of its transfers.
fn counted(rows: &Books) -> Result<(), Violation> {
    use TransferState::{Completed, Failed, Processing, Returned, Unknown};
    for batch in rows.batches.values() {
        let own: Vec<&Transfer> =
            rows.transfers.values().filter(|row| row.batch_id == batch.id).collect();
        let inside = |wanted: &[TransferState]| {
            let rows = own.iter().filter(|row| wanted.contains(&row.state));
            rows.fold((0_u32, 0_i64), |(n, cents), row| (n + 1, cents + row.amount.minor()))
        };
        let counted = [
            (inside(TransferState::ALL), (batch.total_transfers, batch.total_amount)),
            (inside(&[Completed, Returned]), (batch.successful_transfers, -1)),
            (inside(&[Failed]), (batch.failed_transfers, -1)),
            (inside(&[Returned]), (batch.returned_transfers, -1)),
        ];
        for ((count, cents), (told, told_cents)) in counted {
            let fits = count == told && (told_cents < 0 || cents == told_cents);
            hold!(fits, "batch {} counts {told}, has {count}", batch.id);
        }
        let (_, in_flight) = inside(&[Processing, Unknown]);
        let (_, paid) = inside(&[Completed]);
        hold!(
            (in_flight, paid) == (batch.held.in_flight, batch.held.paid),
            "batch {} holds other sums than its transfers",
            batch.id
        );
    }
    Ok(())
}

/// The person is told what the approval says.
fn told(rows: &Books) -> Result<(), Violation> {
    for approval in rows.approvals.values() {
        let claim = rows.claims.get(&(approval.user_id, approval.settlement_id));
        let Some(claim) = claim else { return Err(format!("{} has no claim", approval.id)) };
        let fits = match approval.state {
            ApprovalState::Pending => false,
            ApprovalState::Approved => claim.state == ClaimState::Approved,
            ApprovalState::Rejected => claim.state == ClaimState::Rejected,
            ApprovalState::Paid => claim.state == ClaimState::PaidOut,
            ApprovalState::Failed => {
                matches!(claim.state, ClaimState::NotPaidOut | ClaimState::PaymentReturned)
            }
        };
        hold!(fits, "an approval is {} and its claim {}", approval.state, claim.state);
    }
    Ok(())
}

/// What has to hold in the end, when nothing goes wrong any more and everything had time to happen.
pub(crate) fn finally(store: &dyn Inner, twin: &Twin, account: AccountId) -> Result<(), Violation> {
    let rows = store.rows();
    let sent: BTreeMap<_, _> = twin.sent().map(|sent| (&sent.transfer.id, sent)).collect();
    for transfer in rows.transfers.values() {
        let name = transfer.provider_transfer_id.as_ref();
        let truth = name.and_then(|name| sent.get(name)).map(|sent| sent.transfer.status.meaning());
        let fits = match transfer.state {
            TransferState::Completed => truth == Some(Meaning::Arrived),
            TransferState::Returned => truth == Some(Meaning::CameBack),
            TransferState::Failed => matches!(truth, None | Some(Meaning::NotMoved)),
            TransferState::Processing | TransferState::Unknown => transfer.hold.is_some(),
            TransferState::Pending => false,
        };
        let (id, state) = (transfer.id, transfer.state);
        hold!(fits, "transfer {id} is {state} and the rail says {truth:?}");
    }
    // What is held may be at the rail: a person was to look, and did not yet.
    let known = |name| {
        let is_held = |row: &Transfer| {
            row.hold.is_some()
                && sent.get(name).is_some_and(|sent| sent.key == row.key().to_string())
        };
        rows.names.contains_key(name) || rows.transfers.values().any(is_held)
    };
    for (name, sent) in &sent {
        hold!(known(*name), "the rail has {} of {}, which nobody knows", name.0, sent.user_id);
    }
    for batch in rows.batches.values() {
        let waits =
            rows.transfers.values().any(|row| row.batch_id == batch.id && row.hold.is_some());
        hold!(batch.state.is_final() || waits, "batch {} never ended", batch.id);
    }
    logged(rows, &log(store, account))
}

/// The log is a chain, rebuilds the rows, and tells of nothing new after the account was closed.
fn logged(rows: Books, log: &[Link]) -> Result<(), Violation> {
    Link::verify(Head::default(), log).map_err(|error| error.to_string())?;
    let facts: Result<Vec<_>, _> = log.iter().map(|link| Ok((link.at, link.event()?))).collect();
    let facts = facts.map_err(|error: payme_core::audit::Broken| error.to_string())?;
    let rebuilt = Books::replay(facts.iter().map(|(at, event)| (*at, event)))
        .map_err(|(at, error)| format!("fact {at} does not follow: {error}"))?;
    hold!(rebuilt == rows.as_logged(), "the log does not rebuild the rows");
    let closed = |(_, event): &(Instant, PayoutEvent)| {
        matches!(event, PayoutEvent::SettlementAccountClosed { .. })
    };
    let after = facts.iter().skip_while(|fact| !closed(fact));
    let new = after.filter(|(_, event)| {
        matches!(
            event,
            PayoutEvent::PayoutBatchOpened { .. } | PayoutEvent::PayoutAccountFunded { .. }
        )
    });
    hold!(new.count() == 0, "money was set aside or put in after the account was closed");
    Ok(())
}

pub(crate) fn log(store: &dyn Inner, account: AccountId) -> Vec<Link> {
    ready(store.payout_log(account, 0, usize::MAX)).and_then(Result::ok).unwrap_or_default()
}

fn postings(store: &dyn Inner, account: AccountId) -> Vec<Posting> {
    ready(store.postings(account, 0, usize::MAX)).and_then(Result::ok).unwrap_or_default()
}

//! One claim: its state, and who may move it.
//!
//! In: a claim, a move and the time; where a person begins or files it, the settlement, too. Out:
//! the claim after it, or a refusal. A claim is begun and filed only while its settlement takes
//! claims; what follows after it was filed does not ask for that any more.

use serde::{Deserialize, Serialize};

use super::{ClaimMove, ClaimState};
use crate::catalog::{Settlement, Status};
use crate::types::{Instant, SettlementId, UserId, Version};

/// Where one person stands with one settlement.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Claim {
    /// The person.
    pub user_id: UserId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// Where it stands.
    pub state: ClaimState,
    /// When it moved last.
    pub moved_at: Instant,
    /// The version it was loaded with.
    pub version: Version,
}

/// Why a claim does not move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// The move is not allowed in this state.
    #[error("a claim that is {from} cannot {event}: see the claim's lifecycle for what it can")]
    Illegal {
        /// The state.
        from: ClaimState,
        /// The move.
        event: ClaimMove,
    },
    /// An attorney pays this settlement, and says what came of it.
    #[error(
        "this settlement is paid through an attorney: the outcome is known from the transfer \
         and is not reported"
    )]
    OutcomeIsKnown,
    /// The settlement is not open.
    #[error(
        "settlement {settlement_id} is {}: claims are opened and filed only while it is open",
        .status.as_str()
    )]
    NotOpen {
        /// The settlement.
        settlement_id: SettlementId,
        /// Where it stands.
        status: Status,
    },
    /// The settlement took claims until an earlier moment.
    #[error(
        "settlement {settlement_id} took claims until {last}: a claim can no longer be opened or \
         filed"
    )]
    DeadlinePassed {
        /// The settlement.
        settlement_id: SettlementId,
        /// The last moment that was in time.
        last: Instant,
    },
}

impl ClaimError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Illegal { .. } => "illegal_claim_move",
            Self::OutcomeIsKnown => "outcome_is_known",
            Self::NotOpen { .. } => "settlement_not_open",
            Self::DeadlinePassed { .. } => "claim_deadline_passed",
        }
    }
}

impl Claim {
    /// A claim that nothing was done for yet.
    pub const fn matched(user_id: UserId, settlement_id: SettlementId, at: Instant) -> Self {
        let version = Version::NEW;
        Self { user_id, settlement_id, state: ClaimState::Matched, moved_at: at, version }
    }

    /// The claim after a move. The version stays: a store raises it when it writes.
    ///
    /// # Errors
    /// [`ClaimError::Illegal`], with the state and the move.
    ///
    /// ```
    /// use payme_core::claims::{Claim, ClaimMove, ClaimState};
    /// use payme_core::types::{Instant, SettlementId, UserId};
    /// let nil = uuid::Uuid::nil();
    /// let now = Instant::parse("2026-02-01T00:00:00Z").unwrap();
    /// let claim = Claim::matched(UserId::from_uuid(nil), SettlementId::from_uuid(nil), now);
    /// let opened = claim.moved(ClaimMove::Open, now).unwrap();
    /// assert_eq!(opened.state, ClaimState::Opened);
    /// let error = opened.moved(ClaimMove::Pay, now).unwrap_err();
    /// assert!(error.to_string().starts_with("a claim that is opened cannot pay"));
    /// ```
    pub fn moved(&self, event: ClaimMove, at: Instant) -> Result<Self, ClaimError> {
        let from = self.state;
        let state = from.next(event).ok_or(ClaimError::Illegal { from, event })?;
        Ok(Self { state, moved_at: at, ..self.clone() })
    }
}

/// The claim after the person opened its form.
///
/// # Errors
/// [`ClaimError::Illegal`] where it was opened before, [`ClaimError::NotOpen`] and
/// [`ClaimError::DeadlinePassed`] where the settlement takes no claims.
///
/// ```
/// use payme_core::catalog::parse_settlements;
/// use payme_core::claims::{Claim, open_claim};
/// use payme_core::types::{Instant, UserId};
/// let file = br#"[{"title": "Lamps", "deadline": "2026-02-19[America/New_York]",
///     "eligibility": {"required_features": ["merchant:lamps"], "states": []}}]"#;
/// let lamps = parse_settlements(file).unwrap().all().unwrap().remove(0);
/// let day = |text| Instant::parse(text).unwrap();
/// let user = UserId::from_uuid(uuid::Uuid::nil());
/// let claim = Claim::matched(user, lamps.id, day("2026-02-01T00:00:00Z"));
/// assert!(open_claim(&claim, &lamps, day("2026-02-20T04:59:59Z")).is_ok());
/// let late = open_claim(&claim, &lamps, day("2026-02-20T05:00:00Z")).unwrap_err();
/// assert_eq!(late.code(), "claim_deadline_passed");
/// ```
pub fn open_claim(
    claim: &Claim,
    settlement: &Settlement,
    at: Instant,
) -> Result<Claim, ClaimError> {
    moved_in_time(claim, ClaimMove::Open, settlement, at)
}

/// The claim after a move that a settlement allows only while it takes claims. Where the claim
/// itself does not move like this, that is told first.
pub(super) fn moved_in_time(
    claim: &Claim,
    event: ClaimMove,
    settlement: &Settlement,
    at: Instant,
) -> Result<Claim, ClaimError> {
    let moved = claim.moved(event, at)?;
    let settlement_id = settlement.id;
    match (&settlement.deadline, settlement.status) {
        (_, status) if status != Status::Open => Err(ClaimError::NotOpen { settlement_id, status }),
        (Some(deadline), _) if deadline.has_passed(at) => {
            Err(ClaimError::DeadlinePassed { settlement_id, last: deadline.at() })
        }
        _ => Ok(moved),
    }
}

/// What a person says became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfReport {
    /// The money came.
    Paid,
    /// No money came.
    Unpaid,
}

/// The claim after the person said what became of it.
///
/// # Errors
/// [`ClaimError::OutcomeIsKnown`] where an attorney's account is linked to the settlement, and
/// [`ClaimError::Illegal`] where the claim is not submitted.
pub fn report_outcome(
    claim: &Claim,
    report: SelfReport,
    is_linked: bool,
    at: Instant,
) -> Result<Claim, ClaimError> {
    if is_linked {
        return Err(ClaimError::OutcomeIsKnown);
    }
    let event = match report {
        SelfReport::Paid => ClaimMove::ReportPaid,
        SelfReport::Unpaid => ClaimMove::ReportUnpaid,
    };
    claim.moved(event, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_reported_only_where_nobody_else_says_them() {
        let nil = uuid::Uuid::nil();
        let at = Instant::parse("2026-02-01T00:00:00Z").unwrap();
        let mut claim = Claim::matched(UserId::from_uuid(nil), SettlementId::from_uuid(nil), at);
        let report = |claim: &Claim, is_linked| {
            report_outcome(claim, SelfReport::Paid, is_linked, at).map(|claim| claim.state)
        };
        let illegal =
            ClaimError::Illegal { from: ClaimState::Matched, event: ClaimMove::ReportPaid };
        assert_eq!(report(&claim, false), Err(illegal));
        for event in [ClaimMove::Open, ClaimMove::Submit] {
            claim = claim.moved(event, at).unwrap();
        }
        assert_eq!(report(&claim, true), Err(ClaimError::OutcomeIsKnown));
        assert_eq!(report(&claim, false), Ok(ClaimState::PaidOut));
        let unpaid = report_outcome(&claim, SelfReport::Unpaid, false, at).unwrap();
        assert_eq!(unpaid.state, ClaimState::NotPaidOut);
    }
}

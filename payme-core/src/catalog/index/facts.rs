//! What matching reads of one settlement: one cache line, in one column.

use bytemuck::{Pod, Zeroable};

use crate::catalog::{Proof, Settlement, Status};
use crate::types::{Money, StateRule, day_number};

const HAS_DEADLINE: u32 = 1;
const HAS_CLAIM_URL: u32 = 1 << 1;
const HAS_PERIOD: u32 = 1 << 2;
/// Two bits: 0 not known, else 1 + the place in [`Proof::ALL`].
const PROOF_SHIFT: u32 = 3;

/// The expected payout in cents that stands for an unknown one.
const EXPECTED_UNKNOWN_CENTS: f64 = 1_000.0;
/// The expected payout in cents from which on the payout signal is 1.
const EXPECTED_FULL_CENTS: f64 = 1_000_000.0;

/// The facts of one settlement that matching reads, as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct SettlementFacts {
    /// The last microsecond in which claims are taken: the least number where the status is not
    /// open, the greatest where there is no deadline.
    pub(crate) open_until: i64,
    /// The deadline in microseconds; the greatest number without one.
    pub(crate) deadline: i64,
    /// 0 where it is not known.
    pub(crate) payout_max_cents: i64,
    /// The payout signal of the evidence set.
    pub(crate) payout_graded: f64,
    /// The states that the rule needs: those of the states atoms it reaches through `all` alone.
    pub(crate) state_mask: u64,
    /// The first day of the class period; the least number where it is open.
    pub(crate) period_from: i32,
    /// The last day of the class period; the greatest number where it is open.
    pub(crate) period_to: i32,
    flags: u32,
    /// 0 for the simple form, else 1 + the place of the rule in the words of the programs.
    pub(crate) rule: u32,
    /// The place of the first feature sought.
    pub(crate) sought_start: u32,
    /// How many features are sought.
    pub(crate) sought_len: u32,
}

impl SettlementFacts {
    /// The facts of a settlement; where its rule lies in an index is not known yet.
    pub fn of(settlement: &Settlement) -> Self {
        let deadline = settlement.deadline.as_ref().map(|deadline| deadline.at().as_micros());
        let is_open = settlement.status == Status::Open;
        let period = settlement.class_period.unwrap_or_default();
        let (start, end) = (period.start.map(day_number), period.end.map(day_number));
        let flag = |flag: u32, holds: bool| if holds { flag } else { 0 };
        let proof = match settlement.proof {
            None => 0,
            Some(Proof::None) => 1,
            Some(Proof::Optional) => 2,
            Some(Proof::Required) => 3,
        };
        Self {
            open_until: if is_open { deadline.unwrap_or(i64::MAX) } else { i64::MIN },
            deadline: deadline.unwrap_or(i64::MAX),
            payout_max_cents: settlement.payout.max.map_or(0, |money| money.minor()),
            payout_graded: payout_graded(settlement),
            state_mask: StateRule::Any.mask(),
            period_from: start.unwrap_or(i32::MIN),
            period_to: end.unwrap_or(i32::MAX),
            flags: flag(HAS_DEADLINE, deadline.is_some())
                | flag(HAS_CLAIM_URL, settlement.claim_url.is_some())
                | flag(HAS_PERIOD, start.is_some() || end.is_some())
                | (proof << PROOF_SHIFT),
            rule: 0,
            sought_start: 0,
            sought_len: 0,
        }
    }

    /// Whether there is a deadline.
    pub const fn has_deadline(&self) -> bool {
        self.flags & HAS_DEADLINE != 0
    }

    /// Whether there is a link to claim.
    pub const fn has_claim_url(&self) -> bool {
        self.flags & HAS_CLAIM_URL != 0
    }

    /// Whether there is a class period with at least one end.
    pub const fn has_period(&self) -> bool {
        self.flags & HAS_PERIOD != 0
    }

    /// The kind of proof, if known.
    pub const fn proof(&self) -> Option<Proof> {
        match (self.flags >> PROOF_SHIFT) & 0b11 {
            0 => None,
            1 => Some(Proof::None),
            2 => Some(Proof::Optional),
            _ => Some(Proof::Required),
        }
    }
}

/// `min(1, ln(1 + e) / ln(1 + 1000000))` with e the expected payout in cents.
fn payout_graded(settlement: &Settlement) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 cents the signal is 1 anyway")]
    let cents = |end: Option<Money>| {
        end.map(|money| money.minor()).filter(|cents| *cents > 0).map(|cents| cents as f64)
    };
    let expected = match (cents(settlement.payout.min), cents(settlement.payout.max)) {
        (Some(min), Some(max)) => f64::midpoint(min, max),
        // Nobody knows the least that is paid, or it is nothing.
        (None, Some(max)) => max / 2.0,
        (Some(min), None) => min,
        (None, None) => EXPECTED_UNKNOWN_CENTS,
    };
    (expected.ln_1p() / EXPECTED_FULL_CENTS.ln_1p()).min(1.0)
}

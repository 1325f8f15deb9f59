//! The states of a claim and the moves between them.
//!
//! In: a state and a move. Out: the next state, or `None` where the move is not allowed.

use crate::types::{lifecycle, words};

words!(
    /// Where a person stands with a settlement.
    ///
    /// ```
    /// use payme_core::claims::{ClaimMove, ClaimState};
    /// assert_eq!(ClaimState::Approved.next(ClaimMove::Fail), Some(ClaimState::NotPaidOut));
    /// assert_eq!(ClaimState::PaidOut.next(ClaimMove::Approve), None);
    /// ```
    ClaimState {
        /// It was found; nothing was done yet.
        Matched = "matched",
        /// The claim form was opened.
        Opened = "opened",
        /// The person says that the claim is filed.
        Submitted = "submitted",
        /// An attorney decided to pay.
        Approved = "approved",
        /// An attorney decided not to pay. Nothing follows.
        Rejected = "rejected",
        /// The money arrived.
        PaidOut = "paid_out",
        /// The transfer failed, or the person says that nothing came.
        NotPaidOut = "not_paid_out",
        /// The bank of the person sent the money back.
        PaymentReturned = "payment_returned",
    }
);

words!(
    /// What can happen to a claim.
    ClaimMove {
        /// The person opens the claim form.
        Open = "open",
        /// The person files the claim.
        Submit = "submit",
        /// An attorney decides to pay, for the first time or again.
        Approve = "approve",
        /// An attorney decides not to pay.
        Reject = "reject",
        /// The transfer arrives.
        Pay = "pay",
        /// The transfer fails.
        Fail = "fail",
        /// The transfer comes back after it had arrived.
        Return = "return",
        /// The person says that the money came.
        ReportPaid = "report_paid",
        /// The person says that no money came.
        ReportUnpaid = "report_unpaid",
    }
);

impl ClaimState {
    /// The state after a move; `None` where the move is not allowed.
    pub const fn next(self, event: ClaimMove) -> Option<Self> {
        match (self, event) {
            (Self::Matched, ClaimMove::Open) => Some(Self::Opened),
            (Self::Opened, ClaimMove::Submit) => Some(Self::Submitted),
            (Self::Submitted | Self::NotPaidOut | Self::PaymentReturned, ClaimMove::Approve) => {
                Some(Self::Approved)
            }
            (Self::Submitted, ClaimMove::Reject) => Some(Self::Rejected),
            (Self::Approved, ClaimMove::Pay) | (Self::Submitted, ClaimMove::ReportPaid) => {
                Some(Self::PaidOut)
            }
            (Self::Approved, ClaimMove::Fail) | (Self::Submitted, ClaimMove::ReportUnpaid) => {
                Some(Self::NotPaidOut)
            }
            (Self::PaidOut, ClaimMove::Return) => Some(Self::PaymentReturned),
            (
                Self::Matched
                | Self::Opened
                | Self::Submitted
                | Self::Approved
                | Self::Rejected
                | Self::PaidOut
                | Self::NotPaidOut
                | Self::PaymentReturned,
                ClaimMove::Open
                | ClaimMove::Submit
                | ClaimMove::Approve
                | ClaimMove::Reject
                | ClaimMove::Pay
                | ClaimMove::Fail
                | ClaimMove::Return
                | ClaimMove::ReportPaid
                | ClaimMove::ReportUnpaid,
            ) => None,
        }
    }
}

lifecycle!(ClaimState, ClaimMove, from Matched);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_answers_every_move() {
        #[rustfmt::skip]
        let table = [
            // state          open   submit    approve  reject   pay      fail         return           report_paid report_unpaid
            "matched          opened -         -        -        -        -            -                -           -           ",
            "opened           -      submitted -        -        -        -            -                -           -           ",
            "submitted        -      -         approved rejected -        -            -                paid_out    not_paid_out",
            "approved         -      -         -        -        paid_out not_paid_out -                -           -           ",
            "rejected         -      -         -        -        -        -            -                -           -           ",
            "paid_out         -      -         -        -        -        -            payment_returned -           -           ",
            "not_paid_out     -      -         approved -        -        -            -                -           -           ",
            "payment_returned -      -         approved -        -        -            -                -           -           ",
        ];
        for (from, row) in ClaimState::ALL.iter().zip(table) {
            let words: Vec<&str> = row.split_ascii_whitespace().collect();
            let answers = ClaimMove::ALL
                .iter()
                .map(|event| from.next(*event).map_or("-", ClaimState::as_str));
            let found: Vec<&str> = std::iter::once(from.as_str()).chain(answers).collect();
            assert_eq!(found, words);
        }
        assert_eq!(ClaimState::ALL.len(), table.len());
        let ends: Vec<_> = ClaimState::ALL.iter().filter(|state| state.is_final()).collect();
        assert_eq!(ends, [&ClaimState::Rejected]);
    }

    #[test]
    fn words_are_read_back() {
        for state in ClaimState::ALL {
            assert_eq!(ClaimState::parse(state.as_str()), Some(*state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        assert_eq!(ClaimState::parse("paid"), None);
    }
}

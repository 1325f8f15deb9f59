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
        use ClaimState::{
            Approved, Matched, NotPaidOut, Opened, PaidOut, PaymentReturned, Rejected, Submitted,
        };
        #[rustfmt::skip]
        let table = [
            //                 open          submit           approve         reject          pay            fail              return                 paid           unpaid
            (Matched,         [Some(Opened), None,            None,           None,           None,          None,             None,                  None,          None            ]),
            (Opened,          [None,         Some(Submitted), None,           None,           None,          None,             None,                  None,          None            ]),
            (Submitted,       [None,         None,            Some(Approved), Some(Rejected), None,          None,             None,                  Some(PaidOut), Some(NotPaidOut)]),
            (Approved,        [None,         None,            None,           None,           Some(PaidOut), Some(NotPaidOut), None,                  None,          None            ]),
            (Rejected,        [None,         None,            None,           None,           None,          None,             None,                  None,          None            ]),
            (PaidOut,         [None,         None,            None,           None,           None,          None,             Some(PaymentReturned), None,          None            ]),
            (NotPaidOut,      [None,         None,            Some(Approved), None,           None,          None,             None,                  None,          None            ]),
            (PaymentReturned, [None,         None,            Some(Approved), None,           None,          None,             None,                  None,          None            ]),
        ];
        assert_eq!(table.map(|(from, _)| from), ClaimState::ALL);
        for (from, row) in table {
            let answers: Vec<_> = ClaimMove::ALL.iter().map(|event| from.next(*event)).collect();
            assert_eq!(answers, row, "{from}");
        }
        let ends: Vec<_> = ClaimState::ALL.iter().filter(|state| state.is_final()).collect();
        assert_eq!(ends, [&Rejected]);
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

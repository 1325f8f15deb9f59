//! The lifecycles of approvals, batches and transfers.
//!
//! In: a state and a move. Out: the next state, or `None` where the move is not allowed. What is
//! final stays so, with one exception: a transfer that was completed can be returned by the bank.

use crate::types::{lifecycle, words};

words!(
    /// Where an approval stands.
    ApprovalState {
        /// Nothing is decided.
        Pending = "pending",
        /// To be paid.
        Approved = "approved",
        /// Not to be paid. Nothing follows.
        Rejected = "rejected",
        /// A transfer arrived.
        Paid = "paid",
        /// The transfer failed or came back; another attempt can be approved.
        Failed = "failed",
    }
);

words!(
    /// What can happen to an approval.
    ApprovalMove {
        /// The attorney decides to pay: the first attempt or another.
        Approve = "approve",
        /// The attorney decides not to pay.
        Reject = "reject",
        /// The transfer arrives.
        Pay = "pay",
        /// The transfer fails.
        Fail = "fail",
        /// The transfer comes back after it had arrived.
        Return = "return",
    }
);

impl ApprovalState {
    /// The state after a move; `None` where the move is not allowed.
    ///
    /// ```
    /// use payme_core::payouts::{ApprovalMove, ApprovalState};
    /// // Who was paid is not approved again: that would pay twice.
    /// assert_eq!(ApprovalState::Paid.next(ApprovalMove::Approve), None);
    /// ```
    pub const fn next(self, event: ApprovalMove) -> Option<Self> {
        match (self, event) {
            (Self::Pending | Self::Failed, ApprovalMove::Approve) => Some(Self::Approved),
            (Self::Pending, ApprovalMove::Reject) => Some(Self::Rejected),
            (Self::Approved, ApprovalMove::Pay) => Some(Self::Paid),
            (Self::Approved, ApprovalMove::Fail) | (Self::Paid, ApprovalMove::Return) => {
                Some(Self::Failed)
            }
            (
                Self::Pending | Self::Approved | Self::Rejected | Self::Paid | Self::Failed,
                ApprovalMove::Approve
                | ApprovalMove::Reject
                | ApprovalMove::Pay
                | ApprovalMove::Fail
                | ApprovalMove::Return,
            ) => None,
        }
    }
}

lifecycle!(ApprovalState, ApprovalMove, from Pending);

words!(
    /// Where a batch stands.
    BatchState {
        /// Its transfers are being written, or wait.
        Queued = "queued",
        /// Transfers are sent.
        Processing = "processing",
        /// Every transfer arrived.
        Completed = "completed",
        /// Some transfers arrived and some failed.
        Partial = "partial",
        /// No transfer arrived, or there was none.
        Failed = "failed",
    }
);

words!(
    /// What can happen to a batch.
    BatchMove {
        /// The first transfer is about to be sent.
        Start = "start",
        /// Every transfer arrived.
        Complete = "complete",
        /// Some did.
        Part = "part",
        /// None did, or there is none.
        Fail = "fail",
    }
);

impl BatchState {
    /// The state after a move; `None` where the move is not allowed.
    pub const fn next(self, event: BatchMove) -> Option<Self> {
        match (self, event) {
            (Self::Queued, BatchMove::Start) => Some(Self::Processing),
            (Self::Processing, BatchMove::Complete) => Some(Self::Completed),
            (Self::Processing, BatchMove::Part) => Some(Self::Partial),
            (Self::Queued | Self::Processing, BatchMove::Fail) => Some(Self::Failed),
            (
                Self::Queued | Self::Processing | Self::Completed | Self::Partial | Self::Failed,
                BatchMove::Start | BatchMove::Complete | BatchMove::Part | BatchMove::Fail,
            ) => None,
        }
    }
}

lifecycle!(BatchState, BatchMove, from Queued);

words!(
    /// Where a transfer stands.
    TransferState {
        /// Its money is reserved; nothing was sent.
        Pending = "pending",
        /// It is being sent, or on its way.
        Processing = "processing",
        /// It may have been sent: the rail did not say.
        Unknown = "unknown",
        /// The money arrived.
        Completed = "completed",
        /// No money moved, and none will.
        Failed = "failed",
        /// The bank of the person sent the money back.
        Returned = "returned",
    }
);

words!(
    /// What can happen to a transfer.
    TransferMove {
        /// It is about to be sent.
        Start = "start",
        /// The rail does not say whether it was sent.
        Lose = "lose",
        /// The rail says what it knows of a lost one: on its way, or never seen.
        Find = "find",
        /// The money arrives.
        Complete = "complete",
        /// The rail refuses it, or it fails on its way.
        Fail = "fail",
        /// The money comes back.
        Return = "return",
    }
);

impl TransferState {
    /// The state after a move; `None` where the move is not allowed.
    ///
    /// ```
    /// use payme_core::payouts::{TransferMove, TransferState};
    /// // No clock and no error make a lost transfer a failed one: only the rail does.
    /// let lost = TransferState::Processing.next(TransferMove::Lose);
    /// assert_eq!(lost, Some(TransferState::Unknown));
    /// assert_eq!(TransferState::Failed.next(TransferMove::Start), None);
    /// ```
    pub const fn next(self, event: TransferMove) -> Option<Self> {
        match (self, event) {
            (Self::Pending, TransferMove::Start) | (Self::Unknown, TransferMove::Find) => {
                Some(Self::Processing)
            }
            (Self::Processing, TransferMove::Lose) => Some(Self::Unknown),
            (Self::Processing | Self::Unknown, TransferMove::Complete) => Some(Self::Completed),
            (Self::Processing | Self::Unknown, TransferMove::Fail) => Some(Self::Failed),
            (Self::Completed, TransferMove::Return) => Some(Self::Returned),
            (
                Self::Pending
                | Self::Processing
                | Self::Unknown
                | Self::Completed
                | Self::Failed
                | Self::Returned,
                TransferMove::Start
                | TransferMove::Lose
                | TransferMove::Find
                | TransferMove::Complete
                | TransferMove::Fail
                | TransferMove::Return,
            ) => None,
        }
    }

    /// Whether it may move money, or has: of one approval at most one transfer may.
    pub const fn is_live(self) -> bool {
        match self {
            Self::Pending | Self::Processing | Self::Unknown | Self::Completed => true,
            Self::Failed | Self::Returned => false,
        }
    }

    /// Whether its batch has to wait for it.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::Processing | Self::Unknown => true,
            Self::Completed | Self::Failed | Self::Returned => false,
        }
    }
}

lifecycle!(TransferState, TransferMove, from Pending);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_approval_answers_every_move() {
        use ApprovalState::{Approved, Failed, Paid, Pending, Rejected};
        #[rustfmt::skip]
        let table = [
            //          approve         reject          pay         fail          return
            (Pending,  [Some(Approved), Some(Rejected), None,       None,         None        ]),
            (Approved, [None,           None,           Some(Paid), Some(Failed), None        ]),
            (Rejected, [None,           None,           None,       None,         None        ]),
            (Paid,     [None,           None,           None,       None,         Some(Failed)]),
            (Failed,   [Some(Approved), None,           None,       None,         None        ]),
        ];
        assert_eq!(table.map(|(from, _)| from), ApprovalState::ALL);
        for (from, row) in table {
            let answers: Vec<_> = ApprovalMove::ALL.iter().map(|one| from.next(*one)).collect();
            assert_eq!(answers, row, "{from}");
        }
    }

    #[test]
    fn every_batch_answers_every_move() {
        use BatchState::{Completed, Failed, Partial, Processing, Queued};
        #[rustfmt::skip]
        let table = [
            //            start             complete         part           fail
            (Queued,     [Some(Processing), None,            None,          Some(Failed)]),
            (Processing, [None,             Some(Completed), Some(Partial), Some(Failed)]),
            (Completed,  [None; 4]),
            (Partial,    [None; 4]),
            (Failed,     [None; 4]),
        ];
        assert_eq!(table.map(|(from, _)| from), BatchState::ALL);
        for (from, row) in table {
            let answers: Vec<_> = BatchMove::ALL.iter().map(|one| from.next(*one)).collect();
            assert_eq!(answers, row, "{from}");
        }
    }

    #[test]
    fn every_transfer_answers_every_move() {
        use TransferState::{Completed, Failed, Pending, Processing, Returned, Unknown};
        #[rustfmt::skip]
        let table = [
            //            start             lose           find              complete         fail
            // return
            (Pending,    [Some(Processing), None,          None,             None,            None,         None          ]),
            (Processing, [None,             Some(Unknown), None,             Some(Completed), Some(Failed), None          ]),
            (Unknown,    [None,             None,          Some(Processing), Some(Completed), Some(Failed), None          ]),
            (Completed,  [None,             None,          None,             None,            None,         Some(Returned)]),
            (Failed,     [None; 6]),
            (Returned,   [None; 6]),
        ];
        assert_eq!(table.map(|(from, _)| from), TransferState::ALL);
        for (from, row) in table {
            let answers: Vec<_> = TransferMove::ALL.iter().map(|one| from.next(*one)).collect();
            assert_eq!(answers, row, "{from}");
        }
    }

    #[test]
    fn a_transfer_that_is_final_or_dead_can_only_be_returned() {
        for state in TransferState::ALL {
            let moves: Vec<_> =
                TransferMove::ALL.iter().filter(|event| state.next(**event).is_some()).collect();
            if !state.is_open() {
                assert!(moves.is_empty() || moves == [&TransferMove::Return], "{state}");
            }
            assert_eq!(state.is_final(), !state.is_live(), "{state}: dead is final, live is not");
        }
    }
}

//! Holding stored rows against what the log says they should be.
//!
//! In: the rows that a log rebuilds, and the stored ones page by page. Out: every row that is
//! missing, extra or different. Versions, leases and the places reached while transfers are written
//! are no facts and are not compared.

use std::collections::BTreeMap;

use super::{Broken, SealBroken};
use crate::payouts::{Amount, Books, PayoutError, Posting, RequestKey};
use crate::types::{AccountId, words};

words!(
    /// A kind of row of payouts.
    RowKind {
        /// An account.
        Account = "account",
        /// An approval.
        Approval = "approval",
        /// A claim; its id is that of the person.
        Claim = "claim",
        /// A batch.
        Batch = "batch",
        /// A transfer.
        Transfer = "transfer",
        /// What was put in under a key; its id is that key.
        Deposit = "deposit",
    }
);

words!(
    /// How what is stored differs from what the log says.
    Difference {
        /// The log tells of it, and it is not stored.
        Missing = "missing",
        /// It is stored, and the log does not tell of it.
        Extra = "extra",
        /// It is stored with other contents.
        Differs = "differs",
    }
);

/// Something that an audit found wrong. Carries ids and places, and no name or amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFinding {
    /// The log itself was changed. Nothing behind that is compared.
    #[error("account {account_id}: {broken}")]
    Chain {
        /// The account.
        account_id: AccountId,
        /// What is wrong.
        broken: Broken,
    },
    /// A fact cannot follow from those before it.
    #[error("account {account_id}: entry {sequence} of the log cannot follow: {error}")]
    Fact {
        /// The account.
        account_id: AccountId,
        /// The place of the fact.
        sequence: u64,
        /// Why.
        error: PayoutError,
    },
    /// A stored row is not what the log says.
    #[error("account {account_id}: {kind} {id} {}", difference.told())]
    Row {
        /// The account.
        account_id: AccountId,
        /// What kind of row.
        kind: RowKind,
        /// Its id.
        id: String,
        /// What is wrong.
        difference: Difference,
    },
    /// A stored movement of money is not what the log says.
    #[error("account {account_id}: posting {sequence} {}", difference.told())]
    Posting {
        /// The account.
        account_id: AccountId,
        /// Its place among the movements of the account, from 1.
        sequence: u64,
        /// What is wrong.
        difference: Difference,
    },
    /// A seal is not what was made, or holds another log.
    #[error(transparent)]
    Seal(#[from] SealBroken),
}

impl AuditFinding {
    /// The stable code of what was found.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Chain { broken, .. } => broken.code(),
            Self::Fact { .. } => "audit_fact",
            Self::Row { .. } => "audit_row",
            Self::Posting { .. } => "audit_posting",
            Self::Seal(broken) => broken.code(),
        }
    }
}

impl Difference {
    const fn told(self) -> &'static str {
        match self {
            Self::Missing => "is in the log and not stored",
            Self::Extra => "is stored and not in the log",
            Self::Differs => "is stored otherwise than the log says",
        }
    }
}

/// The rows of an account as its log tells them, while the stored ones are held against them.
#[derive(Debug)]
pub struct Comparison {
    account_id: AccountId,
    left: Books,
    findings: Vec<AuditFinding>,
}

impl Comparison {
    /// A comparison with the rows that the log of an account rebuilds.
    pub fn new(account_id: AccountId, replayed: Books) -> Self {
        Self { account_id, left: replayed.as_logged(), findings: Vec::new() }
    }

    /// Takes in stored rows, each once.
    pub fn take(&mut self, stored: Books) {
        let Books { accounts, approvals, claims, batches, transfers, .. } = stored.as_logged();
        let Self { left, .. } = self;
        let mut wrong = Vec::new();
        hold(RowKind::Account, &mut left.accounts, accounts, ToString::to_string, &mut wrong);
        hold(RowKind::Approval, &mut left.approvals, approvals, ToString::to_string, &mut wrong);
        let person = |key: &crate::payouts::ClaimKey| key.0.to_string();
        hold(RowKind::Claim, &mut left.claims, claims, person, &mut wrong);
        hold(RowKind::Batch, &mut left.batches, batches, ToString::to_string, &mut wrong);
        hold(RowKind::Transfer, &mut left.transfers, transfers, ToString::to_string, &mut wrong);
        self.found(wrong);
    }

    /// Takes in a page of stored movements of money, behind the first `skip`, beside those that the
    /// log tells of at the same places.
    pub fn postings(&mut self, skip: u64, told: &[Posting], stored: &[Posting]) {
        let account_id = self.account_id;
        for (sequence, at) in (skip.saturating_add(1)..).zip(0..told.len().max(stored.len())) {
            let difference = match (told.get(at), stored.get(at)) {
                (Some(told), Some(stored)) if told == stored => continue,
                (Some(_), Some(_)) => Difference::Differs,
                (Some(_), None) => Difference::Missing,
                (None, _) => Difference::Extra,
            };
            self.findings.push(AuditFinding::Posting { account_id, sequence, difference });
        }
    }

    /// Takes in what is stored under the key of a request that put money in, beside what the log
    /// tells of it.
    pub fn deposit(&mut self, key: &RequestKey, told: Amount, stored: Option<Amount>) {
        let difference = match stored {
            Some(stored) if stored == told => return,
            Some(_) => Difference::Differs,
            None => Difference::Missing,
        };
        self.found(vec![(RowKind::Deposit, key.to_string(), difference)]);
    }

    /// What is wrong, rows that are missing last.
    pub fn finish(mut self) -> Vec<AuditFinding> {
        let Books { accounts, approvals, claims, batches, transfers, .. } =
            std::mem::take(&mut self.left);
        let ids = [
            (RowKind::Account, accounts.keys().map(ToString::to_string).collect::<Vec<_>>()),
            (RowKind::Approval, approvals.keys().map(ToString::to_string).collect()),
            (RowKind::Claim, claims.keys().map(|key| key.0.to_string()).collect()),
            (RowKind::Batch, batches.keys().map(ToString::to_string).collect()),
            (RowKind::Transfer, transfers.keys().map(ToString::to_string).collect()),
        ];
        let missing = ids
            .into_iter()
            .flat_map(|(kind, ids)| ids.into_iter().map(move |id| (kind, id, Difference::Missing)));
        self.found(missing.collect());
        self.findings
    }

    fn found(&mut self, wrong: Vec<(RowKind, String, Difference)>) {
        let account_id = self.account_id;
        self.findings.extend(wrong.into_iter().map(|(kind, id, difference)| AuditFinding::Row {
            account_id,
            kind,
            id,
            difference,
        }));
    }
}

/// Holds stored rows against those that are left, and takes these off.
fn hold<K: Ord, V: PartialEq>(
    kind: RowKind,
    left: &mut BTreeMap<K, V>,
    stored: BTreeMap<K, V>,
    id: impl Fn(&K) -> String,
    wrong: &mut Vec<(RowKind, String, Difference)>,
) {
    for (key, row) in stored {
        match left.remove(&key) {
            Some(told) if told == row => {}
            Some(_) => wrong.push((kind, id(&key), Difference::Differs)),
            None => wrong.push((kind, id(&key), Difference::Extra)),
        }
    }
}

//! The driver of the audit: verifying logs, rows and seals, sealing, and reading facts by time.
//!
//! A verification reads while others write. What it finds of rows counts only where the log did not
//! grow meanwhile; otherwise it takes in what was added and looks again.

use std::fmt;
use std::sync::Arc;

use payme_core::audit::{
    AuditFinding, Comparison, Head, Link, LogFilter, LogPlace, Seal, SealBroken,
};
use payme_core::payouts::{Amount, Books, PayoutEvent, Posting, Replay, RequestKey, TransferState};
use payme_core::ports::{Clock, Store, StoreError};
use payme_core::types::{AccountId, Commit, PayoutBatchId};

use super::ATTEMPTS_MAX;

/// So many rows, facts or seals are read at a time.
const PAGE: usize = 1_000;

/// What is stored of payouts, held against its log.
#[derive(Clone)]
pub struct Audit {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").finish_non_exhaustive()
    }
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditReport {
    /// How many accounts have a log.
    pub accounts: usize,
    /// How many facts the logs have.
    pub facts: u64,
    /// How many seals there are.
    pub seals: u64,
    /// The newest seal: keep its root elsewhere, and every log is held to it.
    pub newest: Option<Seal>,
    /// What is wrong, by account; then the seals.
    pub findings: Vec<AuditFinding>,
}

/// Why an audit could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log kept growing while its rows were read.
    #[error("account {0} kept changing while it was read: try again when less is paid from it")]
    Contention(AccountId),
}

impl AuditError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Contention(_) => "contention",
        }
    }
}

impl Audit {
    /// An audit of a store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Binds the ends of all logs that grew under one root; `None` where none did.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn seal(&self) -> Result<Option<Seal>, StoreError> {
        let mut newest = None;
        loop {
            let before = self.store.last_seal().await?;
            let heads = self.store.unsealed_heads(PAGE).await?;
            let Some(seal) = Seal::after(before.as_ref(), self.clock.now(), heads) else {
                return Ok(newest);
            };
            // Where somebody else sealed meanwhile, what is left is looked for again.
            if self.store.commit_seal(&seal).await? == Commit::Done {
                newest = Some(seal);
            }
        }
    }

    /// Holds every log against its chain, every row and movement of money against its log, and
    /// every log against the seals. `progress` hears how many facts were read.
    ///
    /// # Errors
    /// [`AuditError`]; what is wrong is no error but a finding.
    pub async fn verify(
        &self,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<AuditReport, AuditError> {
        let mut report = AuditReport::default();
        let mut after = None;
        loop {
            let heads = self.store.log_heads(after, PAGE).await?;
            let Some((last, _)) = heads.last() else { break };
            after = Some(*last);
            for (account_id, _) in &heads {
                let (facts, findings) = self.verify_account(*account_id, &mut progress).await?;
                report.accounts += 1;
                report.facts += facts;
                report.findings.extend(findings);
            }
        }
        self.verify_seals(&mut report).await?;
        Ok(report)
    }

    /// Holds the log, the rows and the movements of money of one account together. Says how many
    /// facts its log has, and what is wrong.
    ///
    /// # Errors
    /// [`AuditError`].
    pub async fn verify_account(
        &self,
        account_id: AccountId,
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<(u64, Vec<AuditFinding>), AuditError> {
        let mut account = Account::new(account_id);
        if let Some(finding) = self.read_on(&mut account, progress).await? {
            return Ok((account.head.sequence, vec![finding]));
        }
        for _ in 0..ATTEMPTS_MAX {
            let known = account.head.sequence;
            let findings = self.compare(&account).await?;
            if findings.is_empty() {
                return Ok((known, findings));
            }
            if let Some(finding) = self.read_on(&mut account, progress).await? {
                return Ok((account.head.sequence, vec![finding]));
            }
            if account.head.sequence == known {
                return Ok((known, findings));
            }
        }
        Err(AuditError::Contention(account_id))
    }

    /// Takes in the facts behind those that were taken in; gives what is wrong with the log itself.
    async fn read_on(
        &self,
        account: &mut Account,
        progress: &mut (impl FnMut(u64) + Send),
    ) -> Result<Option<AuditFinding>, AuditError> {
        loop {
            let page =
                self.store.payout_log(account.account_id, account.head.sequence, PAGE).await?;
            if page.is_empty() {
                return Ok(None);
            }
            for link in &page {
                if let Some(finding) = account.take(link) {
                    return Ok(Some(finding));
                }
            }
            progress(u64::try_from(page.len()).unwrap_or(0));
        }
    }

    /// Holds the stored rows of an account against those its log rebuilds.
    async fn compare(&self, account: &Account) -> Result<Vec<AuditFinding>, AuditError> {
        let account_id = account.account_id;
        let mut comparison = Comparison::new(account_id, account.replay.books().clone());
        let row = self.store.account(account_id).await?;
        comparison.take(Books {
            accounts: row.into_iter().map(|row| (row.id, row)).collect(),
            ..Books::default()
        });
        let mut after = None;
        loop {
            let page = self.store.approvals(account_id, after, PAGE).await?;
            let Some(last) = page.approvals.keys().next_back() else { break };
            after = Some(*last);
            comparison.take(page);
        }
        let mut before = None;
        loop {
            let page = self.store.payout_batches(account_id, before, PAGE).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            for batch in &page {
                self.compare_transfers(&mut comparison, batch.id).await?;
            }
            let batches = page.into_iter().map(|row| (row.id, row)).collect();
            comparison.take(Books { batches, ..Books::default() });
        }
        let mut skip = 0;
        for told in account.postings.chunks(PAGE) {
            let stored = self.store.postings(account_id, skip, told.len()).await?;
            comparison.postings(skip, told, &stored);
            skip += u64::try_from(told.len()).unwrap_or(0);
        }
        let extra = self.store.postings(account_id, skip, 1).await?;
        comparison.postings(skip, &[], &extra);
        for (key, told) in &account.deposits {
            let stored = self.store.deposit(account_id, key).await?;
            comparison.deposit(key, *told, stored);
        }
        Ok(comparison.finish())
    }

    async fn compare_transfers(
        &self,
        comparison: &mut Comparison,
        batch: PayoutBatchId,
    ) -> Result<(), AuditError> {
        let mut after = None;
        loop {
            let page = self.store.transfers(batch, TransferState::ALL, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let transfers = page.into_iter().map(|row| (row.id, row)).collect();
            comparison.take(Books { transfers, ..Books::default() });
        }
    }

    async fn verify_seals(&self, report: &mut AuditReport) -> Result<(), AuditError> {
        loop {
            let page = self.store.seals(report.seals, PAGE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for seal in page {
                if let Err(broken) = seal.follows(report.newest.as_ref()) {
                    // What stands behind a broken seal says nothing any more.
                    report.findings.push(broken.into());
                    return Ok(());
                }
                for (account_id, head) in &seal.heads {
                    let found = self.entry(*account_id, head.sequence).await?;
                    if found.as_ref().map(Link::head) != Some(*head) {
                        let (seal, account_id, sequence) =
                            (seal.sequence, *account_id, head.sequence);
                        let broken = SealBroken::Log { seal, account_id, sequence };
                        report.findings.push(broken.into());
                    }
                }
                report.seals = seal.sequence;
                report.newest = Some(seal);
            }
        }
    }

    async fn entry(&self, account: AccountId, sequence: u64) -> Result<Option<Link>, StoreError> {
        let page = self.store.payout_log(account, sequence.saturating_sub(1), 1).await?;
        Ok(page.into_iter().next())
    }

    /// Facts of all logs by time: at most `limit` that a filter lets through, behind a place.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn facts(
        &self,
        filter: &LogFilter,
        after: Option<LogPlace>,
        limit: usize,
    ) -> Result<Vec<Link>, StoreError> {
        self.store.facts(filter, after, limit).await
    }
}

/// An account as its log tells it, as far as that was read.
struct Account {
    account_id: AccountId,
    head: Head,
    replay: Replay,
    postings: Vec<Posting>,
    /// What was put in, by the keys of the requests.
    deposits: Vec<(RequestKey, Amount)>,
}

impl Account {
    fn new(account_id: AccountId) -> Self {
        let (head, replay) = (Head::default(), Replay::default());
        Self { account_id, head, replay, postings: Vec::new(), deposits: Vec::new() }
    }

    /// Takes in the next fact; gives what is wrong with it.
    fn take(&mut self, link: &Link) -> Option<AuditFinding> {
        let account_id = self.account_id;
        let chain = |broken| AuditFinding::Chain { account_id, broken };
        let checked = Link::verify(self.head, [link])
            .and_then(|head| link.event().map(|event| (head, event)))
            .map_err(chain);
        let (head, event) = match checked {
            Ok(checked) => checked,
            Err(finding) => return Some(finding),
        };
        self.head = head;
        match self.replay.take(link.at, &event) {
            Ok(posting) => {
                self.postings.extend(posting);
                if let PayoutEvent::PayoutAccountFunded { key, amount_cents, .. } = event {
                    self.deposits.push((key, amount_cents));
                }
                None
            }
            Err(error) => Some(AuditFinding::Fact { account_id, sequence: link.sequence, error }),
        }
    }
}

//! Executing a batch: first what an earlier executor left, then what waits, a chunk at a time.
//!
//! Each chunk is stored three times: that it is about to be sent, what the rail agreed to, and what
//! came of it. Only the rights that a commit gives are used, and each is used up.

use std::collections::{BTreeMap, VecDeque};

use payme_core::payouts::{
    Answer, Authorization, BatchState, Books, Draft, Effect, Lease, Next, PayoutError,
    RailTransfer, SendMoney, TransferState, finish_batch, lease_batch, next, on_authorization,
    on_creation, on_expired, on_probe, release_lease, renew, start,
};
use payme_core::types::{PayoutBatchId, TransferId};

use super::{Decided, PayoutDriverError, Payouts};
use crate::driver::ATTEMPTS_MAX;

/// How a batch is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecuteOptions {
    /// So many transfers are stored and sent together, at least 1.
    pub chunk: usize,
    /// For so many microseconds a batch is taken, and again with each chunk.
    pub lease_micros: i64,
}

impl Default for ExecuteOptions {
    /// Chunks of 1,000, and two minutes.
    fn default() -> Self {
        Self { chunk: 1_000, lease_micros: 120_000_000 }
    }
}

/// How far a batch is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Where the batch stands.
    pub state: BatchState,
    /// How many transfers ended in this call.
    pub ended: u32,
    /// How many are still open: on their way, in doubt, or waiting for a person.
    pub open: u32,
    /// Whether the rail had too many requests: the rest is for a later call.
    pub is_paused: bool,
    /// Transfers about which the rail says what cannot be true.
    pub contradictions: Vec<TransferId>,
}

struct Run<'a> {
    payouts: &'a Payouts,
    batch_id: PayoutBatchId,
    lease: Lease,
    options: ExecuteOptions,
    contradictions: Vec<TransferId>,
    /// The rail wants to be left alone for a while.
    is_paused: bool,
}

impl Payouts {
    /// Executes a batch as far as the rail lets it: every transfer that is open is looked at once.
    ///
    /// Calling again goes on where this stopped. `progress` hears how many transfers were looked
    /// at.
    ///
    /// # Errors
    /// [`PayoutError::Leased`] while another process executes it, [`PayoutError::LeaseLost`] where
    /// one took it over, [`PayoutError::NotSealed`], and those of the store.
    pub async fn execute(
        &self,
        batch_id: PayoutBatchId,
        options: ExecuteOptions,
        mut progress: impl FnMut(usize) + Send,
    ) -> Result<Execution, PayoutDriverError> {
        let unknown = || PayoutError::UnknownBatch(batch_id);
        let batch = self.store.payout_batch(batch_id).await?.ok_or_else(unknown)?;
        let open_before = batch.open_transfers();
        if batch.state.is_final() {
            let state = batch.state;
            let (is_paused, contradictions) = (false, Vec::new());
            return Ok(Execution { state, ended: 0, open: 0, is_paused, contradictions });
        }
        let micros = options.lease_micros;
        let take = |draft: &mut Draft| lease_batch(draft, batch_id, micros);
        let lease = self.decide_on(batch_id, &[], take).await?.answer;
        let contradictions = Vec::new();
        let is_paused = false;
        let mut run = Run { payouts: self, batch_id, lease, options, contradictions, is_paused };
        run.recover(&mut progress).await?;
        run.send_waiting(&mut progress).await?;
        let lease = run.lease;
        let finish = |draft: &mut Draft| {
            finish_batch(draft, batch_id)?;
            release_lease(draft, batch_id, lease)
        };
        let after = self.decide_on(batch_id, &[], finish).await?;
        let batch = after.books.batches.get(&batch_id).ok_or_else(unknown)?;
        let open = batch.open_transfers();
        Ok(Execution {
            state: batch.state,
            ended: open_before.saturating_sub(open),
            open,
            is_paused: run.is_paused,
            contradictions: run.contradictions,
        })
    }

    /// Loads, decides and stores, again and again until nothing changes in between.
    pub(super) async fn decide_on<T>(
        &self,
        batch_id: PayoutBatchId,
        transfers: &[TransferId],
        decide: impl Fn(&mut Draft) -> Result<T, PayoutError>,
    ) -> Result<Decided<T>, PayoutDriverError> {
        for _ in 0..ATTEMPTS_MAX {
            let books = self.store.books(&[batch_id], transfers).await?;
            if let Some(decided) = self.commit(books, &decide).await? {
                return Ok(decided);
            }
        }
        Err(PayoutDriverError::Contention)
    }
}

impl Run<'_> {
    /// What an earlier executor began and did not end: the rail is asked before anything is sent.
    async fn recover(&mut self, progress: &mut impl FnMut(usize)) -> Result<(), PayoutDriverError> {
        let begun = [TransferState::Processing, TransferState::Unknown];
        self.each_chunk(&begun, progress).await
    }

    /// What was never begun.
    async fn send_waiting(
        &mut self,
        progress: &mut impl FnMut(usize),
    ) -> Result<(), PayoutDriverError> {
        self.each_chunk(&[TransferState::Pending], progress).await
    }

    async fn each_chunk(
        &mut self,
        states: &[TransferState],
        progress: &mut impl FnMut(usize),
    ) -> Result<(), PayoutDriverError> {
        let mut after = None;
        loop {
            let chunk = self.options.chunk.max(1);
            let store = self.payouts.store();
            let page = store.transfers(self.batch_id, states, after, chunk).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            let ids: Vec<TransferId> = page.iter().map(|transfer| transfer.id).collect();
            self.chunk(&ids).await?;
            progress(ids.len());
            if self.is_paused {
                return Ok(());
            }
        }
    }

    /// Brings a chunk as far as the rail lets it. What is stored about it is stored again and again
    /// while the rail is asked, so that a slow one does not outlast the lease.
    async fn chunk(&mut self, ids: &[TransferId]) -> Result<(), PayoutDriverError> {
        let mut books = self.begin(ids).await?;
        let mut left: VecDeque<TransferId> = ids.iter().copied().collect();
        while !left.is_empty() && !self.is_paused {
            let (agreements, findings) = self.ask(&books, &mut left).await;
            let rights = self.store_answers(agreements, findings).await?;
            self.send(rights).await?;
            if !left.is_empty() {
                books = self.begin(left.make_contiguous()).await?;
            }
        }
        Ok(())
    }

    /// Keeps the lease, and stores of what waits that it is about to be sent.
    async fn begin(&mut self, ids: &[TransferId]) -> Result<Books, PayoutDriverError> {
        let (batch_id, lease, micros) = (self.batch_id, self.lease, self.options.lease_micros);
        let begin = |draft: &mut Draft| {
            let lease = renew(draft, batch_id, lease, micros)?;
            let waiting = ids.iter().copied().filter(|id| {
                let row = draft.books().transfers.get(id);
                row.is_some_and(|row| row.state == TransferState::Pending)
            });
            let waiting: Vec<TransferId> = waiting.collect();
            start(draft, batch_id, lease, &waiting)?;
            Ok(lease)
        };
        let begun = self.payouts.decide_on(batch_id, ids, begin).await?;
        self.lease = begun.answer;
        Ok(begun.books)
    }

    /// Asks the rail what each transfer needs: an agreement, or whether it was sent. Ends early
    /// when a quarter of the lease has passed, and when the rail wants to be left alone; what was
    /// not asked is left.
    async fn ask(
        &mut self,
        books: &Books,
        left: &mut VecDeque<TransferId>,
    ) -> (Agreements, Findings) {
        let (mut agreements, mut findings) = (BTreeMap::new(), BTreeMap::new());
        let rail = &self.payouts.rail;
        let until = self.payouts.now().plus_micros(self.options.lease_micros / 4);
        while let Some(id) = left.pop_front() {
            let Some(transfer) = books.transfers.get(&id) else { continue };
            let account = books.batches.get(&self.batch_id).map(|batch| batch.account_id);
            let account = account.and_then(|id| books.accounts.get(&id));
            let Some(account) = account else { continue };
            let is_later = match next(transfer, account.currency) {
                Next::Authorize(request) => {
                    let answer = rail.authorize(&request).await;
                    let is_later = answer.is_later();
                    agreements.insert(id, answer);
                    is_later
                }
                Next::Probe => {
                    let answer = rail.probe(transfer, &transfer.key()).await;
                    let is_later = answer.is_later();
                    findings.insert(id, answer);
                    is_later
                }
                Next::Start | Next::Wait | Next::Decide(_) | Next::Nothing => continue,
            };
            self.is_paused |= is_later;
            if is_later || self.payouts.now() >= until {
                break;
            }
        }
        (agreements, findings)
    }

    async fn store_answers(
        &mut self,
        agreements: Agreements,
        findings: Findings,
    ) -> Result<Vec<SendMoney>, PayoutDriverError> {
        if agreements.is_empty() && findings.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<TransferId> = agreements.keys().chain(findings.keys()).copied().collect();
        let (lease, policy) = (self.lease, self.payouts.policy);
        let take_in = |draft: &mut Draft| {
            let mut contradictions = Vec::new();
            for (id, answer) in &agreements {
                note(
                    &mut contradictions,
                    *id,
                    on_authorization(draft, *id, lease, answer.clone(), policy)?,
                );
            }
            for (id, answer) in &findings {
                note(&mut contradictions, *id, on_probe(draft, *id, lease, answer.clone())?);
            }
            Ok(contradictions)
        };
        let decided = self.payouts.decide_on(self.batch_id, &ids, take_in).await?;
        self.contradictions.extend(decided.answer);
        Ok(decided.rights)
    }

    /// Sends what may be sent, and stores what came of it.
    async fn send(&mut self, rights: Vec<SendMoney>) -> Result<(), PayoutDriverError> {
        if rights.is_empty() {
            return Ok(());
        }
        let mut answers: BTreeMap<TransferId, Answer<RailTransfer>> = BTreeMap::new();
        for right in rights {
            // A lease that ended while others were sent: whoever has it now will ask the rail.
            if self.payouts.now() >= right.until() {
                break;
            }
            let answer = self.payouts.rail.create(&right).await;
            self.is_paused |= answer.is_later();
            answers.insert(right.transfer_id(), answer);
        }
        let ids: Vec<TransferId> = answers.keys().copied().collect();
        let take_in = |draft: &mut Draft| {
            let mut expired = Vec::new();
            let mut contradictions = Vec::new();
            for (id, answer) in &answers {
                match on_creation(draft, *id, answer.clone())? {
                    Effect::AskWhetherUsed => expired.push(*id),
                    effect => note(&mut contradictions, *id, effect),
                }
            }
            Ok((expired, contradictions))
        };
        let decided = self.payouts.decide_on(self.batch_id, &ids, take_in).await?;
        let (expired, contradictions) = decided.answer;
        self.contradictions.extend(contradictions);
        self.ask_whether_used(&decided.books, &expired).await
    }

    /// Authorizations that ran out: given up where nothing was sent with them.
    async fn ask_whether_used(
        &mut self,
        books: &Books,
        expired: &[TransferId],
    ) -> Result<(), PayoutDriverError> {
        let mut findings: Findings = BTreeMap::new();
        for transfer in expired.iter().filter_map(|id| books.transfers.get(id)) {
            let found = self.payouts.rail.probe(transfer, &transfer.key()).await;
            findings.insert(transfer.id, found);
        }
        if findings.is_empty() {
            return Ok(());
        }
        let lease = self.lease;
        let take_in = |draft: &mut Draft| {
            let mut contradictions = Vec::new();
            for (id, answer) in &findings {
                note(&mut contradictions, *id, on_expired(draft, *id, lease, answer.clone())?);
            }
            Ok(contradictions)
        };
        let decided = self.payouts.decide_on(self.batch_id, expired, take_in).await?;
        self.contradictions.extend(decided.answer);
        Ok(())
    }
}

type Agreements = BTreeMap<TransferId, Answer<Authorization>>;
type Findings = BTreeMap<TransferId, Answer<Option<RailTransfer>>>;

fn note(contradictions: &mut Vec<TransferId>, id: TransferId, effect: Effect) {
    if effect == Effect::Contradicts {
        contradictions.push(id);
    }
}

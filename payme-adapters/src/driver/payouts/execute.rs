//! Executing a batch: first what an earlier executor left, then what waits, a chunk at a time.
//!
//! Each chunk is stored three times: that it is about to be sent, what the rail agreed to, and what
//! came of it. Only the rights that a commit gives are used, and each is used up.

use std::collections::{BTreeMap, VecDeque};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use payme_core::payouts::{
    Answer, Authorization, AuthorizationId, AuthorizationRequest, BatchState, Books, Draft, Effect,
    Lease, Next, PayoutError, ProviderTransferId, RailTransfer, SendMoney, Transfer, TransferState,
    finish_batch, lease_batch, next, on_authorization, on_creation, on_expired, on_probe,
    release_lease, renew, start,
};
use payme_core::ports::TransferRail;
use payme_core::types::{Currency, PayoutBatchId, TransferId};

use super::{About, PayoutDriverError, Payouts};

/// How a batch is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecuteOptions {
    /// So many transfers are stored and sent together, at least 1.
    pub chunk: usize,
    /// For so many microseconds a batch is taken, and again with each chunk.
    pub lease_micros: i64,
    /// So many requests to the rail are under way at a time, at least 1.
    pub in_flight: usize,
    /// So many transfers are asked about before the first are sent, at least 1, and twice as many
    /// each time. A rail that answers only so many requests at a time so lets some of them through
    /// in each call, instead of agreeing to all and sending none.
    pub first: usize,
}

impl Default for ExecuteOptions {
    /// Chunks of 1,000, two minutes, 8 requests at a time, and the first transfer alone.
    fn default() -> Self {
        Self { chunk: 1_000, lease_micros: 120_000_000, in_flight: 8, first: 1 }
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
    /// Whether the rail wants to be left alone: the rest is for a later call.
    pub is_paused: bool,
    /// What has to be mended before the rail does anything: its code.
    pub blocked_by: Option<String>,
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
    /// What has to be mended first.
    blocked_by: Option<String>,
    /// So many transfers are asked about before they are sent.
    portion: usize,
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
            return Ok(Execution {
                state,
                ended: 0,
                open: 0,
                is_paused: false,
                blocked_by: None,
                contradictions: Vec::new(),
            });
        }
        let micros = options.lease_micros;
        let rail = self.rail.name();
        let take = |draft: &mut Draft| lease_batch(draft, batch_id, rail, micros);
        let about = About { batch_id, transfers: &[], names: &[] };
        let lease = self.decide_on(about, None, take).await?.answer;
        let mut run = Run {
            payouts: self,
            batch_id,
            lease,
            options,
            contradictions: Vec::new(),
            is_paused: false,
            blocked_by: None,
            portion: options.first.max(1),
        };
        run.recover(&mut progress).await?;
        run.send_waiting(&mut progress).await?;
        let lease = run.lease;
        let finish = |draft: &mut Draft| {
            finish_batch(draft, batch_id)?;
            release_lease(draft, batch_id, lease)
        };
        let after = self.decide_on(about, None, finish).await?;
        let batch = after.books.batches.get(&batch_id).ok_or_else(unknown)?;
        let open = batch.open_transfers();
        Ok(Execution {
            state: batch.state,
            ended: open_before.saturating_sub(open),
            open,
            is_paused: run.is_paused,
            blocked_by: run.blocked_by,
            contradictions: run.contradictions,
        })
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
        let mut left: VecDeque<TransferId> = ids.iter().copied().collect();
        while !left.is_empty() && !self.is_paused {
            let rest = left.split_off(self.portion.min(left.len()));
            let books = self.begin(left.make_contiguous()).await?;
            let (agreements, findings) = self.ask(&books, &mut left).await;
            let (books, rights) = self.store_answers(books, agreements, findings).await?;
            self.send(books, rights).await?;
            left.extend(rest);
            self.portion = self.portion.saturating_mul(2);
        }
        Ok(())
    }

    /// Takes note of an answer after which nothing else is asked.
    fn heed<T>(&mut self, answer: &Answer<T>) {
        self.is_paused |= answer.is_pause();
        if let Some(code) = answer.blocked_by() {
            self.blocked_by = Some(code.to_owned());
        }
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
        let about = About { batch_id, transfers: ids, names: &[] };
        let begun = self.payouts.decide_on(about, None, begin).await?;
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
        let rail = self.payouts.rail.as_ref();
        let until = self.payouts.now().plus_micros(self.options.lease_micros / 4);
        let account = books.batches.get(&self.batch_id).map(|batch| batch.account_id);
        let Some(account) = account.and_then(|id| books.accounts.get(&id)) else {
            left.clear();
            return (agreements, findings);
        };
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.options.in_flight.max(1)
                && !self.is_paused
                && self.payouts.now() < until
                && let Some(id) = left.pop_front()
            {
                let transfer = books.transfers.get(&id);
                running.extend(transfer.and_then(|it| ask_rail(rail, it, account.currency)));
            }
            match running.next().await {
                Some(Asked::Agreed(id, answer)) => {
                    self.heed(&answer);
                    agreements.insert(id, answer);
                }
                Some(Asked::Found(id, answer)) => {
                    self.heed(&answer);
                    findings.insert(id, answer);
                }
                None => break,
            }
        }
        (agreements, findings)
    }

    /// Stores what the rail said. `books` are the rows as they were stored last.
    async fn store_answers(
        &mut self,
        books: Books,
        agreements: Agreements,
        findings: Findings,
    ) -> Result<(Books, Vec<SendMoney>), PayoutDriverError> {
        if agreements.is_empty() && findings.is_empty() {
            return Ok((books, Vec::new()));
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
        let names = names_in(findings.values());
        let about = About { batch_id: self.batch_id, transfers: &ids, names: &names };
        let decided = self.payouts.decide_on(about, Some(books), take_in).await?;
        self.contradictions.extend(decided.answer);
        Ok((decided.books, decided.rights))
    }

    /// Sends what may be sent, and stores what came of it.
    async fn send(
        &mut self,
        books: Books,
        rights: Vec<SendMoney>,
    ) -> Result<(), PayoutDriverError> {
        if rights.is_empty() {
            return Ok(());
        }
        let mut answers: BTreeMap<TransferId, Sent> = BTreeMap::new();
        let rail = self.payouts.rail.as_ref();
        let mut rights = rights.into_iter();
        let mut is_refused = false;
        let mut running = FuturesUnordered::new();
        loop {
            // Where the rail wants to be left alone, and where the lease ended while others were
            // sent, the rest is left: whoever has the batch then asks the rail first. That it did
            // not want to be asked for more does not keep what it agreed to from being sent.
            while running.len() < self.options.in_flight.max(1)
                && !is_refused
                && let Some(right) = rights.next()
                && self.payouts.now() < right.until()
            {
                running.push(send_money(rail, right).boxed());
            }
            let Some((id, sent)) = running.next().await else { break };
            is_refused |= sent.1.is_pause();
            self.heed(&sent.1);
            answers.insert(id, sent);
        }
        let ids: Vec<TransferId> = answers.keys().copied().collect();
        let take_in = |draft: &mut Draft| {
            let mut expired = Vec::new();
            let mut contradictions = Vec::new();
            for (id, (sent, answer)) in &answers {
                match on_creation(draft, *id, sent, answer.clone())? {
                    Effect::AskWhetherUsed => expired.push(*id),
                    effect => note(&mut contradictions, *id, effect),
                }
            }
            Ok((expired, contradictions))
        };
        let told = answers.values().filter_map(|(_, answer)| answer.done());
        let names: Vec<ProviderTransferId> = told.map(|found| found.id.clone()).collect();
        let about = About { batch_id: self.batch_id, transfers: &ids, names: &names };
        let decided = self.payouts.decide_on(about, Some(books), take_in).await?;
        let (expired, contradictions) = decided.answer;
        self.contradictions.extend(contradictions);
        self.ask_whether_used(decided.books, &expired).await
    }

    /// Authorizations that ran out: given up where nothing was sent with them.
    async fn ask_whether_used(
        &mut self,
        books: Books,
        expired: &[TransferId],
    ) -> Result<(), PayoutDriverError> {
        let rail = self.payouts.rail.as_ref();
        let known = expired.iter().filter_map(|id| books.transfers.get(id));
        let probes = known.map(|transfer| probe(rail, transfer).boxed());
        let findings: Findings =
            at_a_time(self.options.in_flight, probes).await.into_iter().collect();
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
        let names = names_in(findings.values());
        let about = About { batch_id: self.batch_id, transfers: expired, names: &names };
        let decided = self.payouts.decide_on(about, Some(books), take_in).await?;
        self.contradictions.extend(decided.answer);
        Ok(())
    }
}

/// What the rail was asked about a transfer, and what it said.
enum Asked {
    Agreed(TransferId, Answer<Authorization>),
    Found(TransferId, Answer<Option<RailTransfer>>),
}

/// With which authorization a transfer was sent, and what the rail said.
type Sent = (AuthorizationId, Answer<RailTransfer>);
type Agreements = BTreeMap<TransferId, Answer<Authorization>>;
type Findings = BTreeMap<TransferId, Answer<Option<RailTransfer>>>;

/// Runs jobs, so many at a time.
async fn at_a_time<'a, T>(
    count: usize,
    mut jobs: impl Iterator<Item = BoxFuture<'a, T>> + Send,
) -> Vec<T> {
    let (mut running, mut done) = (FuturesUnordered::new(), Vec::new());
    loop {
        while running.len() < count.max(1)
            && let Some(job) = jobs.next()
        {
            running.push(job);
        }
        match running.next().await {
            Some(answer) => done.push(answer),
            None => return done,
        }
    }
}

/// Asks the rail what a transfer needs, where it needs something of it.
fn ask_rail<'a>(
    rail: &'a dyn TransferRail,
    transfer: &'a Transfer,
    currency: Currency,
) -> Option<BoxFuture<'a, Asked>> {
    match next(transfer, currency) {
        Next::Authorize(request) => Some(authorize(rail, transfer.id, request).boxed()),
        Next::Probe => Some(probe(rail, transfer).map(|(id, it)| Asked::Found(id, it)).boxed()),
        Next::Start | Next::Wait | Next::Decide(_) | Next::Nothing => None,
    }
}

async fn authorize(
    rail: &dyn TransferRail,
    id: TransferId,
    request: AuthorizationRequest,
) -> Asked {
    Asked::Agreed(id, rail.authorize(&request).await)
}

async fn probe(
    rail: &dyn TransferRail,
    transfer: &Transfer,
) -> (TransferId, Answer<Option<RailTransfer>>) {
    (transfer.id, rail.probe(transfer, &transfer.key()).await)
}

async fn send_money(rail: &dyn TransferRail, right: SendMoney) -> (TransferId, Sent) {
    let answer = rail.create(&right).await;
    (right.transfer_id(), (right.authorization().clone(), answer))
}

/// What the rail calls the transfers that it found.
fn names_in<'a>(
    findings: impl Iterator<Item = &'a Answer<Option<RailTransfer>>>,
) -> Vec<ProviderTransferId> {
    findings.filter_map(|answer| Some(answer.done()?.as_ref()?.id.clone())).collect()
}

fn note(contradictions: &mut Vec<TransferId>, id: TransferId, effect: Effect) {
    if effect == Effect::Contradicts {
        contradictions.push(id);
    }
}

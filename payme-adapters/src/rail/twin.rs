//! The twin of a real rail: what it does with authorizations, transfers and events, without money.
//!
//! In: requests and the time. Out: answers as the rail's published behaviour has them. It follows
//! the facts of a bank-transfer rail: a key of an authorization is honoured for 48 hours, an
//! authorization lives for an hour and sends one transfer, states move by events with growing
//! numbers, and money can come back weeks after it arrived. It is the truth that a simulation holds
//! the engine against.

use std::collections::BTreeMap;

use payme_core::payouts::{
    Amount, Answer, Authorization, AuthorizationId, AuthorizationRequest, Meaning,
    ProviderTransferId, RailBalance, RailEvent, RailEvents, RailList, RailStatus, RailTransfer,
    Refusal,
};
use payme_core::types::{Currency, Instant, UserId};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// How long the twin keeps what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwinSettings {
    /// For so many microseconds the same key gets the same authorization.
    pub key_lives_micros: i64,
    /// For so many microseconds an authorization can be used.
    pub authorization_lives_micros: i64,
    /// Whether an authorization that ran out is refused as such even where it was used. What the
    /// real rail does is not documented.
    pub tells_expired_first: bool,
}

impl Default for TwinSettings {
    /// 48 hours and one hour.
    fn default() -> Self {
        Self {
            key_lives_micros: 48 * HOUR,
            authorization_lives_micros: HOUR,
            tells_expired_first: false,
        }
    }
}

/// What the twin decides about a new authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be sent.
    Approve,
    /// It may be sent, though a check could not be made; with the code of the check.
    ApproveUnchecked(String),
    /// It may not; with the code.
    Decline(String),
    /// The claimant has to do something first.
    UserAction,
}

#[derive(Debug, Clone)]
struct Agreement {
    user_id: UserId,
    amount: Amount,
    made_at: Instant,
    verdict: Verdict,
    used_by: Option<ProviderTransferId>,
}

/// A transfer at the rail, and the authorization key it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The transfer.
    pub transfer: RailTransfer,
    /// The key that the sender wrote on it.
    pub key: String,
    /// When it was sent.
    pub sent_at: Instant,
    /// Who is paid.
    pub user_id: UserId,
}

/// The state of the rail.
#[derive(Debug, Clone, Default)]
pub struct Twin {
    settings: TwinSettings,
    agreements: BTreeMap<AuthorizationId, Agreement>,
    by_key: BTreeMap<String, AuthorizationId>,
    sent: BTreeMap<ProviderTransferId, Sent>,
    events: Vec<RailEvent>,
    /// What was put in so far, in minor units.
    deposited: i64,
    /// What is on its way there.
    announced: i64,
}

impl Twin {
    /// A rail that has seen nothing.
    pub fn new(settings: TwinSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Answers a request to authorise; `decide` says what becomes of a new one.
    pub fn authorize(
        &mut self,
        request: &AuthorizationRequest,
        now: Instant,
        decide: impl FnOnce() -> Verdict,
    ) -> Answer<Authorization> {
        if let Some(id) = self.by_key.get(&request.key)
            && let Some(known) = self.agreements.get(id)
        {
            let age = now.as_micros().saturating_sub(known.made_at.as_micros());
            let is_honoured = age < self.settings.key_lives_micros;
            if is_honoured && known.verdict != Verdict::UserAction {
                let is_same = known.amount == request.amount && known.user_id == request.user_id;
                return if is_same {
                    Answer::Done(said(id, &known.verdict))
                } else {
                    Answer::Refused(Refusal::Never("IDEMPOTENCY_KEY_REUSED".to_owned()))
                };
            }
        }
        let id = AuthorizationId(format!("authorization-{}", self.agreements.len()));
        let verdict = decide();
        let answer = said(&id, &verdict);
        self.by_key.insert(request.key.clone(), id.clone());
        let agreement = Agreement {
            user_id: request.user_id,
            amount: request.amount,
            made_at: now,
            verdict,
            used_by: None,
        };
        self.agreements.insert(id, agreement);
        Answer::Done(answer)
    }

    /// Answers a request to send an amount with a key written on it; `decide` may refuse a new
    /// transfer with a code.
    pub fn create(
        &mut self,
        authorization: &AuthorizationId,
        (amount, key): (Amount, String),
        now: Instant,
        decide: impl FnOnce() -> Option<String>,
    ) -> Answer<RailTransfer> {
        let never = |code: &str| Answer::Refused(Refusal::Never(code.to_owned()));
        let Some(agreement) = self.agreements.get_mut(authorization) else {
            return never("AUTHORIZATION_NOT_FOUND");
        };
        let age = now.as_micros().saturating_sub(agreement.made_at.as_micros());
        let is_over = age >= self.settings.authorization_lives_micros;
        let sent = agreement.used_by.as_ref().and_then(|id| self.sent.get(id));
        match sent {
            Some(sent) if !(is_over && self.settings.tells_expired_first) => {
                return Answer::Done(sent.transfer.clone());
            }
            _ if is_over => return Answer::Refused(Refusal::Expired),
            _ => {}
        }
        if matches!(agreement.verdict, Verdict::Decline(_) | Verdict::UserAction) {
            return never("AUTHORIZATION_NOT_APPROVED");
        }
        if agreement.amount != amount {
            return never("AMOUNT_DIFFERS");
        }
        if let Some(code) = decide() {
            return never(&code);
        }
        let id = ProviderTransferId(format!("rail-{:08}", self.sent.len()));
        agreement.used_by = Some(id.clone());
        let status = RailStatus::Pending;
        let transfer = RailTransfer { id: id.clone(), amount, status, reason: None };
        let (user_id, sent_at) = (agreement.user_id, now);
        self.sent.insert(id.clone(), Sent { transfer: transfer.clone(), key, user_id, sent_at });
        self.tell(id, status, None);
        Answer::Done(transfer)
    }

    /// The transfer that was sent with an authorization.
    pub fn get(&self, authorization: &AuthorizationId) -> Option<RailTransfer> {
        let id = self.agreements.get(authorization)?.used_by.as_ref()?;
        self.sent.get(id).map(|sent| sent.transfer.clone())
    }

    /// Whether a key got an authorization so long ago that it gets another one now.
    pub fn has_forgotten(&self, key: &str, now: Instant) -> bool {
        let known = self.by_key.get(key).and_then(|id| self.agreements.get(id));
        known.is_some_and(|known| {
            let age = now.as_micros().saturating_sub(known.made_at.as_micros());
            known.verdict != Verdict::UserAction && age >= self.settings.key_lives_micros
        })
    }

    /// The transfer of a name.
    pub fn named(&self, name: &ProviderTransferId) -> Option<&Sent> {
        self.sent.get(name)
    }

    /// The transfers that were sent since a moment, with the keys written on them.
    pub fn list(&self, since: Instant, skip: u64, count: usize) -> RailList {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let mut later = self.sent.values().filter(|sent| sent.sent_at >= since).skip(skip);
        let listed = later.by_ref().take(count);
        let transfers: Vec<_> =
            listed.map(|sent| (sent.key.clone(), sent.transfer.clone())).collect();
        RailList { passed: transfers.len(), transfers, has_more: later.next().is_some() }
    }

    /// Moves a transfer on, where the rail allows that; says whether it did.
    pub fn advance(
        &mut self,
        id: &ProviderTransferId,
        to: RailStatus,
        reason: Option<&str>,
    ) -> bool {
        let Some(sent) = self.sent.get_mut(id) else { return false };
        let is_allowed = match (sent.transfer.status, to) {
            (
                RailStatus::Pending,
                RailStatus::Failed | RailStatus::Posted | RailStatus::Cancelled,
            )
            | (RailStatus::Posted, RailStatus::Settled | RailStatus::Returned)
            | (RailStatus::Settled, RailStatus::FundsAvailable | RailStatus::Returned)
            | (RailStatus::FundsAvailable, RailStatus::Returned) => true,
            (
                RailStatus::Pending
                | RailStatus::Posted
                | RailStatus::Cancelled
                | RailStatus::Failed
                | RailStatus::Settled
                | RailStatus::FundsAvailable
                | RailStatus::Returned,
                _,
            ) => false,
        };
        if is_allowed {
            sent.transfer.status = to;
            sent.transfer.reason = reason.map(str::to_owned);
            let reason = sent.transfer.reason.clone();
            self.tell(id.clone(), to, reason);
        }
        is_allowed
    }

    /// Answers a request to cancel: a transfer is cancelled while it is pending.
    pub fn cancel(&mut self, id: &ProviderTransferId) -> Answer<()> {
        if self.advance(id, RailStatus::Cancelled, None) {
            Answer::Done(())
        } else {
            Answer::Refused(Refusal::Never("TRANSFER_NOT_CANCELLABLE".to_owned()))
        }
    }

    /// So much money is on its way to the rail.
    pub const fn announce(&mut self, minor: i64) {
        self.announced = self.announced.saturating_add(minor);
    }

    /// All that is on its way to the rail is there now.
    pub const fn receive(&mut self) {
        self.deposited = self.deposited.saturating_add(self.announced);
        self.announced = 0;
    }

    /// The money that was put in and not sent. It goes with the request to send it, and is there
    /// again where that was cancelled, failed or came back. The twin sends what it was not given,
    /// too: then it is less than nothing.
    pub fn balance(&self, currency: Currency) -> RailBalance {
        let moved = |sent: &&Sent| match sent.transfer.status.meaning() {
            Meaning::Moving | Meaning::Arrived => true,
            Meaning::NotMoved | Meaning::CameBack => false,
        };
        let sent = self.sent.values().filter(moved).map(|sent| sent.transfer.amount.minor());
        let available = sent.fold(self.deposited, i64::saturating_sub);
        RailBalance { currency, available, pending: self.announced }
    }

    /// What happened after an event.
    pub fn events(&self, after: u64, count: usize) -> RailEvents {
        let read = self.events.partition_point(|event| event.id <= after);
        let mut later = self.events.iter().skip(read);
        let events: Vec<RailEvent> = later.by_ref().take(count).cloned().collect();
        RailEvents { events, has_more: later.next().is_some() }
    }

    /// Tells an event that is about nothing the twin did: of a kind nobody knows, or of somebody
    /// else.
    pub fn tell_other(&mut self, transfer_id: ProviderTransferId, status: Option<RailStatus>) {
        let id = self.next_event();
        let kind = "sweep.settled".to_owned();
        self.events.push(RailEvent { id, transfer_id, status, kind, reason: None });
    }

    /// The numbers of events have gaps: nothing is to be read from them.
    fn next_event(&self) -> u64 {
        self.events.last().map_or(1, |last| last.id + 1 + last.id % 3)
    }

    /// Every transfer, in the order of their names: the truth about what was sent.
    pub fn sent(&self) -> impl Iterator<Item = &Sent> {
        self.sent.values()
    }

    fn tell(
        &mut self,
        transfer_id: ProviderTransferId,
        status: RailStatus,
        reason: Option<String>,
    ) {
        let id = self.next_event();
        let kind = status.as_str().to_owned();
        self.events.push(RailEvent { id, transfer_id, status: Some(status), kind, reason });
    }
}

fn said(id: &AuthorizationId, verdict: &Verdict) -> Authorization {
    match verdict {
        Verdict::Approve => Authorization::Approved { id: id.clone(), unchecked: None },
        Verdict::ApproveUnchecked(code) => {
            Authorization::Approved { id: id.clone(), unchecked: Some(code.clone()) }
        }
        Verdict::Decline(code) => Authorization::Declined(code.clone()),
        Verdict::UserAction => Authorization::UserActionRequired,
    }
}

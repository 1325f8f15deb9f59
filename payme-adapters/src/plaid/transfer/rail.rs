//! Plaid as a rail: what the core asks for, over HTTP.
//!
//! Nothing is decided here and nothing is tried again: one question, one request (a list may take
//! several), and the answer as `convert` reads it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use payme_core::payouts::{
    Answer, Authorization, AuthorizationId, AuthorizationRequest, ProviderTransferId, RailBalance,
    RailEvents, RailList, RailTransfer, Refusal, SendMoney, Transfer, TransferKey,
};
use payme_core::ports::TransferRail;
use payme_core::types::{Currency, Instant, UserId};

use super::{
    Destination, DestinationError, DestinationSecrets, Http, HttpError, Order, RailSettings,
    Response, convert, wire,
};
use crate::vault::VaultError;

/// The name of the rail where none is given.
const NAME: &str = "plaid";
/// What stands between Plaid's name of an agreement and the destination: in no name of Plaid's.
const AT: char = '@';

/// The rail that moves money over Plaid.
#[derive(Clone)]
pub struct PlaidRail {
    http: Arc<dyn Http>,
    destinations: Arc<dyn DestinationSecrets>,
    settings: RailSettings,
    name: String,
}

impl fmt::Debug for PlaidRail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaidRail").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl PlaidRail {
    /// A rail over a client, with where the money goes.
    pub fn new(
        http: Arc<dyn Http>,
        destinations: Arc<dyn DestinationSecrets>,
        settings: RailSettings,
    ) -> Self {
        Self { http, destinations, settings, name: NAME.to_owned() }
    }

    /// The same under another name. Money at one server of Plaid is nothing to another one: each
    /// has a name of its own, which accounts are linked under.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    async fn ask<T>(
        &self,
        path: &str,
        body: Vec<u8>,
        read: impl FnOnce(&Response) -> Answer<T> + Send,
    ) -> Answer<T> {
        match self.http.post(path, body).await {
            Ok(response) => read(&response),
            Err(HttpError::NotSent) => Answer::Refused(Refusal::Later),
            Err(HttpError::MayHaveArrived) => Answer::Unknown,
        }
    }

    /// Where the money goes, or why nothing is asked of Plaid.
    async fn destination(&self, user: UserId, currency: Currency) -> Result<Destination, Refusal> {
        if currency != convert::CURRENCY {
            return Err(Refusal::Never("currency_not_sent".to_owned()));
        }
        match self.destinations.destination(user).await {
            Ok(Some(destination)) => Ok(destination),
            Ok(None) => Err(Refusal::Never("no_destination".to_owned())),
            Err(DestinationError::Store(_)) => Err(Refusal::Later),
            // With another ring it would open, as would all others.
            Err(DestinationError::Locked(error @ VaultError::UnknownKey(_))) => {
                Err(Refusal::Blocked(error.code().to_owned()))
            }
            Err(DestinationError::Locked(error)) => Err(Refusal::Unclear(error.code().to_owned())),
        }
    }
}

/// An agreement as it is stored: Plaid's name of it, and the destination that Plaid agreed to, of
/// which it takes no other one.
struct Agreement<'a> {
    id: &'a str,
    destination: Option<&'a str>,
}

impl<'a> Agreement<'a> {
    fn of(stored: &'a AuthorizationId) -> Self {
        match stored.0.split_once(AT) {
            Some((id, destination)) => Self { id, destination: Some(destination) },
            None => Self { id: &stored.0, destination: None },
        }
    }

    fn stored(id: &str, destination: &Destination) -> AuthorizationId {
        AuthorizationId(format!("{id}{AT}{}", destination.version))
    }
}

#[async_trait]
impl TransferRail for PlaidRail {
    fn name(&self) -> &str {
        &self.name
    }

    async fn authorize(&self, request: &AuthorizationRequest) -> Answer<Authorization> {
        let destination = match self.destination(request.user_id, request.currency).await {
            Ok(destination) => destination,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let body = convert::authorization_body(request, &destination, &self.settings);
        let read = |response: &Response| convert::authorization(response, request.amount);
        let answer = self.ask("/transfer/authorization/create", body, read).await;
        answer.map(|agreed| match agreed {
            Authorization::Approved { id, unchecked } => {
                Authorization::Approved { id: Agreement::stored(&id.0, &destination), unchecked }
            }
            other => other,
        })
    }

    async fn create(&self, money: &SendMoney) -> Answer<RailTransfer> {
        let Agreement { id: authorization, destination: agreed } =
            Agreement::of(money.authorization());
        let destination = match self.destination(money.user_id(), money.currency()).await {
            Ok(destination) => destination,
            // Where there is none any more, what was agreed to cannot be used up: Plaid is asked
            // whether it was, and then agrees anew, or does not.
            Err(Refusal::Never(_)) => return Answer::Refused(Refusal::Expired),
            Err(refusal) => return Answer::Refused(refusal),
        };
        if agreed.is_some_and(|version| version != destination.version) {
            return Answer::Refused(Refusal::Expired);
        }
        let key = money.key().to_string();
        let order =
            Order { authorization, amount: money.amount(), key: &key, destination: &destination };
        let body = convert::create_body(order, &self.settings);
        let read = |response: &Response| convert::creation(response, authorization, &self.settings);
        self.ask("/transfer/create", body, read).await
    }

    async fn probe(&self, transfer: &Transfer, _: &TransferKey) -> Answer<Option<RailTransfer>> {
        // Without an authorization there is nothing that it can be asked by.
        let Some(authorization) = &transfer.authorization else { return Answer::Unknown };
        let Agreement { id, .. } = Agreement::of(authorization);
        let body = convert::body(&wire::TransferGet { authorization_id: id });
        let read = |response: &Response| convert::probe(response, id);
        self.ask("/transfer/get", body, read).await
    }

    /// Plaid tells 25 at a time and not in which order: what is listed twice is the same transfer.
    async fn list(&self, since: Instant, skip: u64, count: usize) -> Answer<RailList> {
        let mut listed = RailList::default();
        while listed.passed < count {
            let wanted = (count - listed.passed).min(convert::LIST_COUNT_MAX);
            let read_so_far = u64::try_from(listed.passed).unwrap_or(u64::MAX);
            let body = convert::list_body(since, skip.saturating_add(read_so_far), wanted);
            match self.ask("/transfer/list", body, convert::list).await {
                Answer::Done(page) => {
                    let is_full = page.length >= wanted;
                    listed.passed += page.length.min(wanted);
                    listed.transfers.extend(page.transfers.into_iter().take(wanted));
                    listed.has_more = is_full;
                    if !is_full {
                        break;
                    }
                }
                Answer::Refused(refusal) => return Answer::Refused(refusal),
                Answer::Unknown => return Answer::Unknown,
            }
        }
        Answer::Done(listed)
    }

    async fn events(&self, after: u64, count: usize) -> Answer<RailEvents> {
        let body = convert::events_body(after, count);
        self.ask("/transfer/event/sync", body, |response| convert::events(response, after)).await
    }

    async fn cancel(&self, transfer: &ProviderTransferId) -> Answer<()> {
        let body = convert::body(&wire::TransferCancel { transfer_id: &transfer.0 });
        self.ask("/transfer/cancel", body, convert::cancellation).await
    }

    async fn balance(&self) -> Answer<RailBalance> {
        let body = convert::body(&wire::LedgerGet {});
        self.ask("/transfer/ledger/get", body, convert::balance).await
    }
}

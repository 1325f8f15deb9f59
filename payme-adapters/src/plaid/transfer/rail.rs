//! Plaid as a rail: what the core asks for, over HTTP.
//!
//! Nothing is decided here and nothing is tried again: one question, one request (a list may take
//! several), and the answer as `convert` reads it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use payme_core::payouts::{
    Answer, Authorization, AuthorizationRequest, ProviderTransferId, RailBalance, RailEvents,
    RailList, RailTransfer, Refusal, SendMoney, Transfer, TransferKey,
};
use payme_core::ports::TransferRail;
use payme_core::types::{Currency, Instant, UserId};

use super::{
    Destination, DestinationSecrets, Http, HttpError, Order, RailSettings, Response, convert, wire,
};

/// The rail that moves money over Plaid.
#[derive(Clone)]
pub struct PlaidRail {
    http: Arc<dyn Http>,
    destinations: Arc<dyn DestinationSecrets>,
    settings: RailSettings,
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
        Self { http, destinations, settings }
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
            Err(_) => Err(Refusal::Later),
        }
    }
}

#[async_trait]
impl TransferRail for PlaidRail {
    fn name(&self) -> &str {
        "plaid"
    }

    async fn authorize(&self, request: &AuthorizationRequest) -> Answer<Authorization> {
        let destination = match self.destination(request.user_id, request.currency).await {
            Ok(destination) => destination,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let body = convert::authorization_body(request, &destination, &self.settings);
        let read = |response: &Response| convert::authorization(response, request.amount);
        self.ask("/transfer/authorization/create", body, read).await
    }

    async fn create(&self, money: &SendMoney) -> Answer<RailTransfer> {
        let destination = match self.destination(money.user_id(), money.currency()).await {
            Ok(destination) => destination,
            Err(refusal) => return Answer::Refused(refusal),
        };
        let authorization = &money.authorization().0;
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
        let body = convert::body(&wire::TransferGet { authorization_id: &authorization.0 });
        let read = |response: &Response| convert::probe(response, &authorization.0);
        self.ask("/transfer/get", body, read).await
    }

    /// Plaid tells 25 at a time and not in which order: what is listed twice is the same transfer.
    async fn list(&self, since: Instant, skip: u64, count: usize) -> Answer<RailList> {
        let mut listed = RailList::default();
        while listed.transfers.len() < count {
            let wanted = (count - listed.transfers.len()).min(convert::LIST_COUNT_MAX);
            let read_so_far = u64::try_from(listed.transfers.len()).unwrap_or(u64::MAX);
            let body = convert::list_body(since, skip.saturating_add(read_so_far), wanted);
            match self.ask("/transfer/list", body, convert::list).await {
                Answer::Done(page) => {
                    let is_full = page.len() >= wanted;
                    listed.transfers.extend(page.into_iter().take(wanted));
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

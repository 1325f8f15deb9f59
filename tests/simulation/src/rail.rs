//! The rail of the simulation: the twin behind a network that loses, delays and repeats.

use async_trait::async_trait;
use payme_adapters::rail::Verdict;
use payme_core::payouts::{
    Amount, Answer, Authorization, AuthorizationId, AuthorizationRequest, ProviderTransferId,
    RailBalance, RailEvents, RailList, RailStatus, RailTransfer, Refusal, SendMoney, Transfer,
    TransferKey,
};
use payme_core::ports::TransferRail;
use payme_core::types::{Currency, Instant, TransferId};

use crate::canary::Canary;
use crate::fault::Fault;
use crate::world::{Shared, World};

/// The rail as one executor sees it.
#[derive(Debug, Clone)]
pub(crate) struct Rail {
    pub(crate) world: World,
    /// Which executor this is.
    pub(crate) executor: usize,
}

impl Rail {
    /// Whether the request arrives; where not, nobody knows what became of it, or the rail said so.
    async fn arrives<T>(&self) -> Result<(), Answer<T>> {
        self.world.give_way(false).await;
        if self.world.strikes(Fault::RailLater) {
            return Err(Answer::Refused(Refusal::Later));
        }
        if self.world.strikes(Fault::RailLostRequest) {
            return Err(self.silence());
        }
        Ok(())
    }

    async fn answers<T>(&self, answer: Answer<T>) -> Answer<T> {
        self.world.give_way(true).await;
        if self.world.strikes(Fault::RailLostAnswer) { self.silence() } else { answer }
    }

    fn silence<T>(&self) -> Answer<T> {
        if self.world.lock().canary == Some(Canary::SilenceIsFailure) {
            return Answer::Refused(Refusal::Never("TIMEOUT".to_owned()));
        }
        Answer::Unknown
    }

    fn is(&self, canary: Canary) -> bool {
        self.world.lock().canary == Some(canary)
    }

    /// Whether the rail refuses without saying what that means. What it did before stays done.
    fn is_unclear<T>(&self) -> Option<Answer<T>> {
        let code = || Refusal::Unclear("SOMETHING_WENT_WRONG".to_owned());
        self.world.strikes(Fault::RailUnclear).then(|| Answer::Refused(code()))
    }

    /// A transfer that another approval was paid with, where the rail answers with that.
    fn another(&self, asked: TransferId) -> Option<RailTransfer> {
        let shared = self.world.lock();
        let rows = shared.history.back()?;
        let name = rows.names.iter().find(|(_, owner)| **owner != asked)?.0.clone();
        drop(shared);
        if !self.world.strikes(Fault::RailNamesAnother) {
            return None;
        }
        self.world.lock().twin.named(&name).map(|sent| sent.transfer.clone())
    }

    fn agree(&self, request: &AuthorizationRequest) -> Answer<Authorization> {
        let mut shared = self.world.lock();
        let Shared { rng, faults, twin, now, changes, rail_is_broke_until, .. } = &mut *shared;
        *changes += 1;
        if twin.has_forgotten(&request.key, *now) {
            faults.saw(Fault::KeyForgotten);
        }
        let is_broke = *now < *rail_is_broke_until;
        let answer = twin.authorize(request, *now, || {
            if is_broke || faults.strikes(Fault::RailDeclines, rng) {
                Verdict::Decline("NSF".to_owned())
            } else if faults.strikes(Fault::RailUserAction, rng) {
                Verdict::UserAction
            } else if faults.strikes(Fault::RailUnchecked, rng) {
                Verdict::ApproveUnchecked("ITEM_LOGIN_REQUIRED".to_owned())
            } else {
                Verdict::Approve
            }
        });
        shared.tell(|| format!("rail: authorize {} -> {answer:?}", request.key));
        answer
    }

    fn send(&self, authorization: &AuthorizationId, money: Money) -> Answer<RailTransfer> {
        let mut shared = self.world.lock();
        let Shared { rng, faults, twin, now, changes, rail_is_broke_until, .. } = &mut *shared;
        *changes += 1;
        let is_broke = *now < *rail_is_broke_until;
        let refuse = || {
            let is_blocked = faults.strikes(Fault::RailRefusesToSend, rng);
            let code = is_blocked.then_some("TRANSFER_ACCOUNT_BLOCKED");
            code.or(is_broke.then_some("NSF")).map(str::to_owned)
        };
        let answer = twin.create(authorization, (money.0, money.1), *now, refuse);
        if answer == Answer::Refused(Refusal::Expired) {
            shared.faults.saw(Fault::AuthorizationExpired);
        }
        shared.tell(|| format!("rail: create {} -> {answer:?}", authorization.0));
        answer
    }
}

struct Money(Amount, String);

#[async_trait]
impl TransferRail for Rail {
    fn name(&self) -> &str {
        "twin"
    }

    async fn authorize(&self, request: &AuthorizationRequest) -> Answer<Authorization> {
        if let Err(answer) = self.arrives().await {
            return answer;
        }
        if let Some(answer) = self.is_unclear() {
            return self.answers(answer).await;
        }
        let mut own = request.clone();
        if self.is(Canary::OwnAuthorization) {
            own.key = format!("{}-{}", request.key, self.executor);
        }
        let answer = self.agree(&own);
        if self.is(Canary::CreateBeforeStored)
            && let Answer::Done(Authorization::Approved { id, .. }) = &answer
        {
            let _ = self.send(id, Money(request.amount, request.key.clone()));
        }
        self.answers(answer).await
    }

    async fn create(&self, money: &SendMoney) -> Answer<RailTransfer> {
        if let Err(answer) = self.arrives().await {
            return answer;
        }
        if let Some(answer) = self.is_unclear() {
            return self.answers(answer).await;
        }
        let mut authorization = money.authorization().clone();
        if self.is(Canary::OwnAuthorization) {
            let request = AuthorizationRequest {
                key: format!("{}-{}", money.key().for_rail(0), self.executor),
                user_id: money.user_id(),
                amount: money.amount(),
                currency: money.currency(),
            };
            if let Answer::Done(Authorization::Approved { id, .. }) = self.agree(&request) {
                authorization = id;
            }
        }
        let mut answer = self.send(&authorization, Money(money.amount(), money.key().to_string()));
        if let Some(other) = self.another(money.transfer_id()) {
            answer = Answer::Done(other);
        }
        self.answers(answer).await
    }

    async fn probe(&self, transfer: &Transfer, _: &TransferKey) -> Answer<Option<RailTransfer>> {
        if self.is(Canary::ReauthorizeWithoutProbe) {
            return Answer::Done(None);
        }
        if let Err(answer) = self.arrives().await {
            return answer;
        }
        let found = {
            let shared = self.world.lock();
            transfer.authorization.as_ref().and_then(|id| shared.twin.get(id))
        };
        let found = self.another(transfer.id).or(found);
        self.answers(Answer::Done(found)).await
    }

    async fn list(&self, since: Instant, skip: u64, count: usize) -> Answer<RailList> {
        if let Err(answer) = self.arrives().await {
            return answer;
        }
        let page = self.world.lock().twin.list(since, skip, count);
        self.answers(Answer::Done(page)).await
    }

    async fn events(&self, after: u64, count: usize) -> Answer<RailEvents> {
        if let Err(answer) = self.arrives().await {
            return answer;
        }
        for (fault, name, status) in [
            (Fault::EventUnknownKind, "rail-00000000", None),
            (Fault::EventUnknownTransfer, "of-somebody-else", Some(RailStatus::Settled)),
        ] {
            if self.world.strikes(fault) {
                let name = ProviderTransferId(name.to_owned());
                self.world.lock().twin.tell_other(name, status);
            }
        }
        let split = self.world.strikes(Fault::EventsSplit);
        let is_from_before = after > 0 && self.world.strikes(Fault::EventsFromBefore);
        let page = {
            let mut shared = self.world.lock();
            let count = if split { 1 + shared.rng.index(3) } else { count };
            let after = if is_from_before { shared.rng.below(after) } else { after };
            shared.twin.events(after, count)
        };
        self.answers(Answer::Done(self.garbled(page))).await
    }

    async fn cancel(&self, transfer: &ProviderTransferId) -> Answer<()> {
        if let Err(answer) = self.arrives().await {
            return answer;
        }
        if let Some(answer) = self.is_unclear() {
            return self.answers(answer).await;
        }
        let answer = {
            let mut shared = self.world.lock();
            let answer = shared.twin.cancel(transfer);
            if answer == Answer::Done(()) {
                shared.changes += 1;
                shared.send_webhook();
            }
            shared.tell(|| format!("rail: cancel {} -> {answer:?}", transfer.0));
            answer
        };
        self.answers(answer).await
    }

    async fn balance(&self) -> Answer<RailBalance> {
        if let Err(answer) = self.arrives().await {
            return answer;
        }
        let balance = self.world.lock().twin.balance(Currency::USD);
        self.answers(Answer::Done(balance)).await
    }
}

impl Rail {
    /// A page of events with what a careless network makes of it. Their numbers stay as they are.
    fn garbled(&self, mut page: RailEvents) -> RailEvents {
        if page.events.is_empty() {
            return page;
        }
        if self.world.strikes(Fault::EventsTwice) {
            let again = page.events.clone();
            page.events.extend(again);
        }
        if self.world.strikes(Fault::EventsReordered) {
            page.events.reverse();
        }
        if self.is(Canary::ReturnedAsSettled) {
            for event in &mut page.events {
                if event.status == Some(RailStatus::Returned) {
                    event.status = Some(RailStatus::Settled);
                }
            }
        }
        page
    }
}

//! The mock rail: no money moves, and whether a transfer arrives depends on its key alone.

use async_trait::async_trait;
use payme_core::payouts::{
    Amount, Answer, Authorization, AuthorizationId, AuthorizationRequest, ProviderTransferId,
    RailBalance, RailEvents, RailList, RailStatus, RailTransfer, Refusal, SendMoney, Transfer,
    TransferKey, mock_outcome,
};
use payme_core::ports::{DestinationResolver, StoreError, TransferRail};
use payme_core::types::{Instant, TransferId, UserId};

/// A rail that moves no money. Its answers follow [`mock_outcome`]: it remembers nothing, and knows
/// of every transfer what would have become of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct MockRail;

#[async_trait]
impl TransferRail for MockRail {
    fn name(&self) -> &str {
        "mock"
    }

    async fn authorize(&self, request: &AuthorizationRequest) -> Answer<Authorization> {
        let id = AuthorizationId(format!("mock-{}", request.key));
        Answer::Done(Authorization::Approved { id, unchecked: None })
    }

    async fn create(&self, money: &SendMoney) -> Answer<RailTransfer> {
        Answer::Done(outcome(money.transfer_id(), &money.key(), money.amount()))
    }

    async fn probe(&self, transfer: &Transfer, key: &TransferKey) -> Answer<Option<RailTransfer>> {
        Answer::Done(Some(outcome(transfer.id, key, transfer.amount)))
    }

    async fn list(&self, _: Instant, _: u64, _: usize) -> Answer<RailList> {
        Answer::Refused(Refusal::Never("not_listed".to_owned()))
    }

    async fn events(&self, _: u64, _: usize) -> Answer<RailEvents> {
        Answer::Done(RailEvents::default())
    }

    /// What was sent has ended at once.
    async fn cancel(&self, _: &ProviderTransferId) -> Answer<()> {
        Answer::Refused(Refusal::Never("TRANSFER_NOT_CANCELLABLE".to_owned()))
    }

    /// There is no money.
    async fn balance(&self) -> Answer<RailBalance> {
        Answer::Refused(Refusal::Never("no_balance".to_owned()))
    }
}

fn outcome(transfer_id: TransferId, key: &TransferKey, amount: Amount) -> RailTransfer {
    let id = ProviderTransferId(format!("mock-{transfer_id}"));
    let (status, reason) = match mock_outcome(key) {
        Ok(()) => (RailStatus::Settled, None),
        Err(reason) => (RailStatus::Failed, Some(reason.to_owned())),
    };
    RailTransfer { id, amount, status, reason }
}

/// Everybody can be sent money: where the rail is a mock, it goes nowhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct EverybodyHasDestination;

#[async_trait]
impl DestinationResolver for EverybodyHasDestination {
    async fn with_destination(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        Ok(users.to_vec())
    }
}

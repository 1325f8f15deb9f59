//! The mock rail: no money moves, and whether a transfer arrives depends on its key alone.

use async_trait::async_trait;
use payme_core::payouts::{
    Answer, Authorization, AuthorizationId, AuthorizationRequest, ProviderTransferId, RailEvents,
    RailStatus, RailTransfer, SendMoney, Transfer, TransferKey, mock_outcome,
};
use payme_core::ports::{DestinationResolver, StoreError, TransferRail};
use payme_core::types::UserId;

/// A rail that moves no money. Its answers follow [`mock_outcome`]; it remembers nothing, and the same
/// transfer always gets the same answer.
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
        let id = ProviderTransferId(format!("mock-{}", money.transfer_id()));
        let (status, reason) = match mock_outcome(&money.key()) {
            Ok(()) => (RailStatus::Settled, None),
            Err(reason) => (RailStatus::Failed, Some(reason.to_owned())),
        };
        Answer::Done(RailTransfer { id, amount: money.amount(), status, reason })
    }

    async fn probe(&self, _: &Transfer, _: &TransferKey) -> Answer<Option<RailTransfer>> {
        Answer::Done(None)
    }

    async fn events(&self, _: u64, _: usize) -> Answer<RailEvents> {
        Answer::Done(RailEvents::default())
    }
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

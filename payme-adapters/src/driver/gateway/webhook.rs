//! Webhooks of a rail: a hint that something happened, and nothing more.

use payme_core::audit::{Event, EventBody};
use payme_core::payouts::{ProviderTransferId, RailStatus};
use payme_core::types::EventId;

use super::{Gateway, GatewayError};
use crate::driver::payouts::{EventsRead, PayoutDriverError};

/// How long the name of a kind of webhook may be, in characters; what is longer is cut off.
const KIND_CHARS_MAX: usize = 100;

/// What a webhook says, once it is known who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailWebhook {
    /// What the rail calls the kind.
    pub event_type: String,
    /// The transfer, where it names one.
    pub transfer_id: Option<ProviderTransferId>,
    /// Its status, where it says one.
    pub status: Option<RailStatus>,
}

impl Gateway {
    /// Takes in a webhook whose signature was checked: it is written down, and the events of the
    /// rail are read. What the webhook itself says moves nothing; one that comes twice, late or out
    /// of order does no harm, and one that is lost is made good by the next reading.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn webhook_received(&self, told: RailWebhook) -> Result<EventsRead, GatewayError> {
        let at = self.now();
        let id = EventId::v7(at, self.random.bytes());
        let event_type = told.event_type.chars().take(KIND_CHARS_MAX).collect();
        let RailWebhook { transfer_id, status, .. } = told;
        let body = EventBody::PayoutWebhookReceived { event_type, transfer_id, status };
        let written = self.store.append_events(&[Event { id, at, user_id: None, body }]).await;
        written.map_err(PayoutDriverError::from)?;
        Ok(self.payouts.read_events().await?)
    }
}

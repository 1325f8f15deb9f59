//! Where the money of claimants is sent to.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use payme_core::audit::{Event, EventBody};
use payme_core::payouts::{DestinationProvider, DestinationStatus, PayoutDestination, check_text};
use payme_core::ports::{DestinationResolver, Store, StoreError};
use payme_core::types::{Commit, DestinationId, UserId};

use super::{CONTENTION, Gateway, GatewayError, NEW};
use crate::driver::ATTEMPTS_MAX;
use crate::vault::{KeyRing, Secret, VaultError};

/// What the secrets of a destination are bound to, beside its id.
pub(super) const ACCESS_TOKEN: &str = "payout_destination.access_token";
pub(super) const ACCOUNT_ID: &str = "payout_destination.account_id";
pub(super) const LEGAL_NAME: &str = "payout_destination.legal_name";

/// Where a person's money is to be sent to.
#[derive(Debug, Clone)]
pub struct NewDestination {
    /// Who knows the account.
    pub provider: DestinationProvider,
    /// By what the provider lets PayMe in.
    pub access_token: Secret,
    /// Which account of it.
    pub account_id: Secret,
    /// The name that the account is held under.
    pub legal_name: Secret,
}

impl Gateway {
    /// Links where a person's money is sent to; what was linked before is revoked in the same
    /// commit, also where its key is gone. The same again changes nothing.
    ///
    /// # Errors
    /// [`GatewayError::NoKeys`], [`PayoutError::UnknownUser`](
    /// payme_core::payouts::PayoutError::UnknownUser), [`PayoutError::Profile`](
    /// payme_core::payouts::PayoutError::Profile), and those of the store.
    pub async fn link_destination(
        &self,
        user: UserId,
        new: NewDestination,
    ) -> Result<PayoutDestination, GatewayError> {
        self.expect_user(user).await?;
        check_text("access_token", new.access_token.reveal())?;
        check_text("account_id", new.account_id.reveal())?;
        check_text("legal_name", new.legal_name.reveal())?;
        for _ in 0..ATTEMPTS_MAX {
            let active = self.store.destination(user).await?;
            if let Some(active) = &active {
                match self.is_that(active, &new) {
                    Ok(true) => return Ok(active.clone()),
                    // What nobody can open any more is replaced, as another one would be.
                    Ok(false) | Err(GatewayError::Vault(VaultError::UnknownKey(_))) => {}
                    Err(error) => return Err(error),
                }
            }
            let destination = self.destination(user, &new)?;
            let mut rows = Vec::new();
            let mut events = Vec::new();
            if let Some(active) = active {
                rows.push(active.revoked(destination.linked_at));
                events.push(self.revocation(&active));
            }
            let (destination_id, provider) = (destination.id, new.provider);
            let body = EventBody::DestinationLinked { destination_id, provider };
            events.push(self.event(user, body));
            rows.push(destination.clone());
            if self.store.commit_destinations(&rows, &events).await? == Commit::Done {
                let version = destination.version.next();
                return Ok(PayoutDestination { version, ..destination });
            }
        }
        Err(CONTENTION)
    }

    /// Revokes where a person's money is sent to. Says whether there was anything.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn revoke_destination(&self, user: UserId) -> Result<bool, GatewayError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(active) = self.store.destination(user).await? else { return Ok(false) };
            let (row, event) = (active.revoked(self.now()), self.revocation(&active));
            if self.store.commit_destinations(&[row], &[event]).await? == Commit::Done {
                return Ok(true);
            }
        }
        Err(CONTENTION)
    }

    /// Where a person's money is sent to, under lock.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn destination_of(
        &self,
        user: UserId,
    ) -> Result<Option<PayoutDestination>, GatewayError> {
        Ok(self.store.destination(user).await?)
    }

    fn revocation(&self, active: &PayoutDestination) -> Event {
        let body = EventBody::DestinationRevoked { destination_id: active.id };
        self.event(active.user_id, body)
    }

    fn destination(
        &self,
        user: UserId,
        new: &NewDestination,
    ) -> Result<PayoutDestination, GatewayError> {
        let linked_at = self.now();
        let id = DestinationId::v7(linked_at, self.random.bytes());
        Ok(PayoutDestination {
            id,
            user_id: user,
            provider: new.provider,
            access_token: self.seal(&new.access_token, ACCESS_TOKEN, id.uuid())?,
            account_id: self.seal(&new.account_id, ACCOUNT_ID, id.uuid())?,
            legal_name: self.seal(&new.legal_name, LEGAL_NAME, id.uuid())?,
            status: DestinationStatus::Active,
            linked_at,
            revoked_at: None,
            version: NEW,
        })
    }

    /// Whether a destination is the one that is to be linked.
    fn is_that(
        &self,
        active: &PayoutDestination,
        new: &NewDestination,
    ) -> Result<bool, GatewayError> {
        let id = active.id.uuid();
        Ok(active.provider == new.provider
            && self.is_same(&active.access_token, &new.access_token, ACCESS_TOKEN, id)?
            && self.is_same(&active.account_id, &new.account_id, ACCOUNT_ID, id)?
            && self.is_same(&active.legal_name, &new.legal_name, LEGAL_NAME, id)?)
    }
}

/// The destinations of a store, and the keys that open them.
#[derive(Clone)]
pub struct StoredDestinations {
    store: Arc<dyn Store>,
    #[cfg_attr(
        not(feature = "plaid-transfer"),
        expect(dead_code, reason = "only a rail that sends money opens what is under lock")
    )]
    ring: KeyRing,
}

impl StoredDestinations {
    /// The destinations of a store.
    pub fn new(store: Arc<dyn Store>, ring: KeyRing) -> Self {
        Self { store, ring }
    }
}

impl fmt::Debug for StoredDestinations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredDestinations").finish_non_exhaustive()
    }
}

#[async_trait]
impl DestinationResolver for StoredDestinations {
    async fn with_destination(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        self.store.with_destination(users).await
    }
}

/// What a rail is told of where somebody's money goes.
#[cfg(feature = "plaid-transfer")]
type Told =
    Result<Option<crate::plaid::transfer::Destination>, crate::plaid::transfer::DestinationError>;

#[cfg(feature = "plaid-transfer")]
#[async_trait]
impl crate::plaid::transfer::DestinationSecrets for StoredDestinations {
    /// A destination that does not open is damage, not an absence: its transfer waits for a person.
    async fn destination(&self, user: UserId) -> Told {
        let Some(row) = self.store.destination(user).await? else { return Ok(None) };
        let open = |sealed, field| {
            let belongs = crate::vault::Belongs { field, id: row.id.uuid() };
            super::open(&self.ring, sealed, belongs)
        };
        Ok(Some(crate::plaid::transfer::Destination {
            access_token: open(&row.access_token, ACCESS_TOKEN)?,
            account_id: open(&row.account_id, ACCOUNT_ID)?,
            legal_name: open(&row.legal_name, LEGAL_NAME)?,
            version: format!("{}.{}", row.id, row.version.0),
        }))
    }
}

//! The gateway: what attorneys and claimants may do with payouts.
//!
//! In: who acts, and what they ask for. Out: what was stored of it. An attorney who is not known,
//! or may not act, does nothing here, and what belongs to another is answered as if it were not
//! there.
//! Secrets are put under lock before they reach the store. No rule lives here.

mod accounts;
mod claims;
mod destinations;
mod hold;
mod items;
mod reseal;
mod retry;
mod webhook;

use std::fmt;
use std::sync::Arc;

use payme_core::audit::{Event, EventBody};
use payme_core::catalog::Settlement;
use payme_core::claims::{ClaimError, FilingError, QuestionSetError};
use payme_core::payouts::{
    Account, ApiKey, ApiKeyHash, Attorney, AttorneyProfile, AttorneyStatus, PayoutError,
    Registration, SealedText, register,
};
use payme_core::ports::{Clock, Random, Store, StoreError};
use payme_core::types::{AttorneyId, Commit, EventId, Instant, SettlementId, UserId, Version};
use uuid::Uuid;

use super::ATTEMPTS_MAX;
use super::payouts::{PayoutDriverError, Payouts};
use crate::vault::{Belongs, KeyRing, NONCE_BYTES, Sealed, Secret, VaultError};

pub use accounts::NewAccount;
pub use destinations::{NewDestination, StoredDestinations};
pub use items::{PaidBatch, PaidTogether, SkippedItem};
pub use reseal::Resealed;
pub use webhook::RailWebhook;

/// Why the gateway did not do what it was asked. Carries ids, never personal data.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The payout rules refused, or the store could not answer.
    #[error(transparent)]
    Payout(#[from] PayoutDriverError),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// There is nothing to seal secrets with.
    #[error(
        "there are no vault keys: account references and tokens are stored under lock alone; give \
         the keys in PAYME_VAULT_KEYS or a file"
    )]
    NoKeys,
    /// There is no randomness to make secrets of.
    #[error("the machine gives no secret randomness: no key was made and nothing was sealed")]
    NoRandomness,
    /// Questions that cannot be asked.
    #[error(transparent)]
    Questions(#[from] QuestionSetError),
    /// A claim was not filed.
    #[error(transparent)]
    Filing(#[from] FilingError),
}

impl GatewayError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Payout(error) => error.code(),
            Self::Vault(error) => error.code(),
            Self::NoKeys => "vault_no_key",
            Self::NoRandomness => "no_randomness",
            Self::Questions(error) => error.code(),
            Self::Filing(error) => error.code(),
        }
    }
}

impl From<StoreError> for GatewayError {
    fn from(error: StoreError) -> Self {
        Self::Payout(error.into())
    }
}

impl From<PayoutError> for GatewayError {
    fn from(error: PayoutError) -> Self {
        Self::Payout(error.into())
    }
}

impl From<ClaimError> for GatewayError {
    fn from(error: ClaimError) -> Self {
        Self::Payout(error.into())
    }
}

const CONTENTION: GatewayError = GatewayError::Payout(PayoutDriverError::Contention);

/// Payouts, and who may do what with them.
#[derive(Clone)]
pub struct Gateway {
    payouts: Payouts,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ring: Option<KeyRing>,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

impl Gateway {
    /// The gateway over payouts and the store that they are in. Without a ring everything works
    /// but what has to be put under lock, or opened.
    pub fn new(
        payouts: Payouts,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        ring: Option<KeyRing>,
    ) -> Self {
        Self { payouts, store, clock, random, ring }
    }

    /// Payouts without a question who asks: for whoever runs the engine.
    pub const fn payouts(&self) -> &Payouts {
        &self.payouts
    }

    /// Registers a person as an attorney, or finds them registered in the same way.
    ///
    /// # Errors
    /// As [`register`], and those of the store.
    pub async fn register(
        &self,
        user: UserId,
        profile: AttorneyProfile,
    ) -> Result<Registration, GatewayError> {
        for _ in 0..ATTEMPTS_MAX {
            let now = self.now();
            let stored = self.store.attorney_of(user).await?;
            let id = AttorneyId::v7(now, self.random.bytes());
            let attorney = match register(stored.as_ref(), id, user, profile.clone(), now)? {
                Registration::New(attorney) => attorney,
                stood @ Registration::Stood(_) => return Ok(stood),
            };
            let body = EventBody::AttorneyRegistered { attorney_id: attorney.id };
            if let Some(attorney) = self.store_attorney(attorney, body).await? {
                return Ok(Registration::New(attorney));
            }
        }
        Err(CONTENTION)
    }

    /// Lets an attorney act, or not any more. This is for whoever runs the engine.
    ///
    /// # Errors
    /// [`PayoutError::UnknownAttorney`], and those of the store.
    pub async fn set_status(
        &self,
        attorney: AttorneyId,
        status: AttorneyStatus,
    ) -> Result<Attorney, GatewayError> {
        for _ in 0..ATTEMPTS_MAX {
            let stored = self.attorney(attorney).await?;
            if stored.status == status {
                return Ok(stored);
            }
            let body = EventBody::AttorneyStatusChanged { attorney_id: attorney, status };
            if let Some(stored) = self.store_attorney(stored.with_status(status), body).await? {
                return Ok(stored);
            }
        }
        Err(CONTENTION)
    }

    /// Gives an attorney a new key; the one before is worth nothing any more. The key is told this
    /// once.
    ///
    /// # Errors
    /// [`PayoutError::UnknownAttorney`], [`PayoutError::Suspended`],
    /// [`GatewayError::NoRandomness`], and those of the store.
    pub async fn issue_key(&self, attorney: AttorneyId) -> Result<ApiKey, GatewayError> {
        let [random, salt] = [self.random.secret_bytes(), self.random.secret_bytes()];
        let (Some(random), Some(salt)) = (random, salt) else {
            return Err(GatewayError::NoRandomness);
        };
        let key = ApiKey::new(attorney, &random);
        for _ in 0..ATTEMPTS_MAX {
            let stored = self.acting(attorney).await?;
            let body = EventBody::ApiKeyIssued { attorney_id: attorney };
            let stored = stored.with_key(key.hash(&salt));
            if self.store_attorney(stored, body).await?.is_some() {
                return Ok(key);
            }
        }
        Err(CONTENTION)
    }

    /// The attorney of a raw key. A key that nobody has is refused in the same words, and after the
    /// same work, as one that is wrong.
    ///
    /// # Errors
    /// [`PayoutError::Unauthenticated`], [`PayoutError::Suspended`], and those of the store.
    pub async fn authenticate(&self, raw: &str) -> Result<Attorney, GatewayError> {
        let stored = match ApiKey::attorney_of(raw) {
            Some(id) => self.store.attorney(id).await?,
            None => None,
        };
        let nobody = || ApiKeyHash { salt: "0".repeat(64), sha256: "0".repeat(64) };
        let kept = stored.as_ref().and_then(|attorney| attorney.key.clone());
        let is_right = kept.unwrap_or_else(nobody).is_of(raw);
        match stored {
            Some(attorney) if is_right => {
                attorney.expect_active()?;
                Ok(attorney)
            }
            _ => Err(PayoutError::Unauthenticated.into()),
        }
    }

    /// The attorney of an id, whether they may act or not.
    ///
    /// # Errors
    /// [`PayoutError::UnknownAttorney`], and those of the store.
    pub async fn attorney(&self, id: AttorneyId) -> Result<Attorney, GatewayError> {
        Ok(self.store.attorney(id).await?.ok_or(PayoutError::UnknownAttorney(id))?)
    }

    /// At most `limit` attorneys whose id is above `after`, by id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn attorneys(
        &self,
        after: Option<AttorneyId>,
        limit: usize,
    ) -> Result<Vec<Attorney>, GatewayError> {
        Ok(self.store.attorneys(after, limit).await?)
    }

    /// Stores an attorney; `None` where something had changed meanwhile.
    async fn store_attorney(
        &self,
        attorney: Attorney,
        body: EventBody,
    ) -> Result<Option<Attorney>, GatewayError> {
        let event = self.event(attorney.user_id, body);
        let commit = self.store.commit_attorney(&attorney, &[event]).await?;
        let version = attorney.version.next();
        Ok((commit == Commit::Done).then_some(Attorney { version, ..attorney }))
    }

    /// An attorney who may act.
    async fn acting(&self, id: AttorneyId) -> Result<Attorney, GatewayError> {
        let attorney = self.attorney(id).await?;
        attorney.expect_active()?;
        Ok(attorney)
    }

    /// The settlement and the account of it that belongs to an attorney who may act.
    async fn own_account(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
    ) -> Result<(Settlement, Account), GatewayError> {
        self.acting(attorney).await?;
        let known = self.known(settlement).await?;
        let account = self.store.account_of(settlement).await?;
        let own = account.filter(|account| account.attorney_id == attorney);
        Ok((known, own.ok_or(PayoutError::NotLinked)?))
    }

    /// A settlement of the catalogue.
    async fn known(&self, settlement: SettlementId) -> Result<Settlement, GatewayError> {
        let known = self.store.settlement(settlement).await?;
        Ok(known.ok_or(PayoutError::UnknownSettlement(settlement))?)
    }

    /// Refuses a person of whom nothing is stored.
    async fn expect_user(&self, user: UserId) -> Result<(), GatewayError> {
        match self.store.user_features(user).await? {
            Some(_) => Ok(()),
            None => Err(PayoutError::UnknownUser(user).into()),
        }
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn event(&self, user: UserId, body: EventBody) -> Event {
        let at = self.now();
        Event { id: EventId::v7(at, self.random.bytes()), at, user_id: Some(user), body }
    }

    fn ring(&self) -> Result<&KeyRing, GatewayError> {
        self.ring.as_ref().ok_or(GatewayError::NoKeys)
    }

    /// Puts a secret under lock for a field of a record.
    fn seal(
        &self,
        secret: &Secret,
        field: &'static str,
        id: Uuid,
    ) -> Result<SealedText, GatewayError> {
        let sealed = self.ring()?.seal(secret, Belongs { field, id }, self.nonce()?)?;
        Ok(SealedText::new(sealed.as_str().to_owned()))
    }

    /// Whether a secret under lock is this one.
    fn is_same(
        &self,
        sealed: &SealedText,
        secret: &Secret,
        field: &'static str,
        id: Uuid,
    ) -> Result<bool, GatewayError> {
        let opened = open(self.ring()?, sealed, Belongs { field, id })?;
        Ok(opened.reveal() == secret.reveal())
    }

    /// Random bytes that no sealing used before.
    fn nonce(&self) -> Result<[u8; NONCE_BYTES], GatewayError> {
        let bytes = self.random.secret_bytes().ok_or(GatewayError::NoRandomness)?;
        bytes.first_chunk().copied().ok_or(GatewayError::NoRandomness)
    }
}

/// Opens a secret that is stored.
fn open(ring: &KeyRing, sealed: &SealedText, belongs: Belongs) -> Result<Secret, VaultError> {
    ring.open(&Sealed::from_stored(sealed.as_str().to_owned())?, belongs)
}

/// The version of a row that is not stored yet.
const NEW: Version = Version::NEW;

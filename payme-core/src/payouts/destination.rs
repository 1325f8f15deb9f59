//! Where the money of a person is sent to.
//!
//! In: what a provider calls a person's account, under lock. Out: the destination, which is linked
//! once and revoked once. At most one of a person is active; none is ever deleted.

use super::SealedText;
use crate::types::{DestinationId, Instant, UserId, Version, words};

words!(
    /// Who knows the account.
    DestinationProvider {
        /// Plaid.
        Plaid = "plaid",
    }
);

words!(
    /// Whether money is sent there.
    DestinationStatus {
        /// It is.
        Active = "active",
        /// Not any more.
        Revoked = "revoked",
    }
);

/// Where the money of a person is sent to. `Debug` shows no secret: they are under lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutDestination {
    /// Its id.
    pub id: DestinationId,
    /// The person.
    pub user_id: UserId,
    /// Who knows the account.
    pub provider: DestinationProvider,
    /// By what the provider lets PayMe in.
    pub access_token: SealedText,
    /// Which account of it.
    pub account_id: SealedText,
    /// The name that the account is held under.
    pub legal_name: SealedText,
    /// Whether money is sent there.
    pub status: DestinationStatus,
    /// When it was linked.
    pub linked_at: Instant,
    /// When it was revoked.
    pub revoked_at: Option<Instant>,
    /// The version it was loaded with.
    pub version: Version,
}

impl PayoutDestination {
    /// The same, revoked. One that was revoked before stays as it is.
    ///
    /// ```
    /// use payme_core::payouts::{
    ///     DestinationProvider, DestinationStatus, PayoutDestination, SealedText,
    /// };
    /// use payme_core::types::{Instant, Version};
    /// let nil = uuid::Uuid::nil().to_string();
    /// let at = Instant::parse("2026-02-01T00:00:00Z").unwrap();
    /// let sealed = || SealedText::new("v1:k:".to_owned());
    /// let active = PayoutDestination {
    ///     id: nil.parse().unwrap(),
    ///     user_id: nil.parse().unwrap(),
    ///     provider: DestinationProvider::Plaid,
    ///     access_token: sealed(),
    ///     account_id: sealed(),
    ///     legal_name: sealed(),
    ///     status: DestinationStatus::Active,
    ///     linked_at: at,
    ///     revoked_at: None,
    ///     version: Version::NEW,
    /// };
    /// let revoked = active.revoked(at);
    /// assert_eq!(revoked.status, DestinationStatus::Revoked);
    /// assert_eq!(revoked.revoked(at.plus_micros(1)), revoked);
    /// ```
    #[must_use]
    pub fn revoked(&self, at: Instant) -> Self {
        let status = DestinationStatus::Revoked;
        let revoked_at = Some(self.revoked_at.unwrap_or(at));
        Self { status, revoked_at, ..self.clone() }
    }
}

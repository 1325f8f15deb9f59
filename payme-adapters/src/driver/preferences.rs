//! Preferences: what a person says about a settlement.

use payme_core::audit::EventBody;
use payme_core::ports::Commit;
use payme_core::ranking::Preference;
use payme_core::types::{SettlementId, UserId};

use super::{Driver, DriverError};

impl Driver {
    /// Changes what a person has said about a settlement; answers the preference that is stored
    /// now. A change that changes nothing writes nothing.
    ///
    /// # Errors
    /// [`DriverError::UnknownUser`], [`DriverError::UnknownSettlement`], [`DriverError::Store`]
    /// or [`DriverError::Contention`].
    pub async fn set_preference(
        &self,
        user_id: UserId,
        settlement_id: SettlementId,
        change: impl Fn(Preference) -> Preference,
    ) -> Result<Preference, DriverError> {
        self.need_user(user_id).await?;
        if self.store.settlement(settlement_id).await?.is_none() {
            return Err(DriverError::UnknownSettlement(settlement_id));
        }
        self.decide(async |driver| {
            let said = driver.store.preferences(user_id).await?;
            let said = said.into_iter().find(|said| said.settlement_id == settlement_id);
            let before = said.unwrap_or_else(|| Preference::none(user_id, settlement_id));
            let after = change(before);
            if after == before {
                return Ok((Commit::Done, before));
            }
            let body = EventBody::PreferenceSet {
                settlement_id,
                starred: after.starred,
                pinned: after.pinned,
                pinned_order: after.pinned_order,
            };
            let event = driver.event(Some(user_id), body);
            Ok((driver.store.commit_preference(&after, &[event]).await?, after))
        })
        .await
    }
}

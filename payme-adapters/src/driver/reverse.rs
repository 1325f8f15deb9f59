//! Reverse: who qualifies for a settlement, stored or just announced. Nothing is written.

use payme_core::catalog::Settlement;
use payme_core::ranking::{QUALIFY_VARIANT, Qualified, Qualifying};
use payme_core::types::SettlementId;

use super::{BatchProgress, Driver, DriverError, MatchOptions};

/// People who are loaded at a time.
const PAGE: usize = 1_024;

impl Driver {
    /// Who of the people in the store qualifies for each of these settlements, which need not be
    /// stored; in their order. `top_n` of the options is how many people each list keeps. Where
    /// the options force no variant, it is [`QUALIFY_VARIANT`] for everybody, and nobody is
    /// assigned one.
    ///
    /// Features are those that are stored: mail is read for the brands of a settlement when that
    /// is imported.
    ///
    /// # Errors
    /// [`DriverError::Store`].
    pub async fn reverse(
        &self,
        settlements: Vec<Settlement>,
        options: &MatchOptions,
        mut progress: impl FnMut(BatchProgress),
    ) -> Result<Vec<Qualified>, DriverError> {
        let variant = options.variant.unwrap_or(QUALIFY_VARIANT);
        let request = options.request(variant, self.now());
        let mut asked: Vec<Qualifying> = settlements
            .into_iter()
            .map(|settlement| Qualifying::new(settlement, request.clone()))
            .collect();
        let total = self.store.user_count().await?;
        let (mut after, mut done) = (None, 0);
        loop {
            let people = self.store.users_after(after, PAGE).await?;
            asked.iter_mut().for_each(|one| one.take(&people));
            done += people.len();
            progress(BatchProgress { done, total });
            match people.last() {
                Some(last) if people.len() == PAGE => after = Some(last.person().user_id),
                _ => break,
            }
        }
        Ok(asked.into_iter().map(Qualifying::finish).collect())
    }

    /// The same for one stored settlement.
    ///
    /// # Errors
    /// [`DriverError::UnknownSettlement`] or [`DriverError::Store`].
    pub async fn reverse_stored(
        &self,
        settlement_id: SettlementId,
        options: &MatchOptions,
        progress: impl FnMut(BatchProgress),
    ) -> Result<Qualified, DriverError> {
        let unknown = DriverError::UnknownSettlement(settlement_id);
        let Some(settlement) = self.store.settlement(settlement_id).await? else {
            return Err(unknown);
        };
        self.reverse(vec![settlement], options, progress).await?.pop().ok_or(unknown)
    }
}

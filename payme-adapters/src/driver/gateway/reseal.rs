//! Sealing anew, with the first key of the ring, what older keys sealed.
//!
//! It goes page by page and row by row: stopped anywhere and begun again, it passes over what the
//! first key sealed already. A row that changed meanwhile is looked at again.

use payme_core::payouts::{AccountDetails, PayoutDestination, SealedText};
use payme_core::types::Commit;
use uuid::Uuid;

use super::accounts::ACCOUNT_REF;
use super::destinations::{ACCESS_TOKEN, ACCOUNT_ID, LEGAL_NAME};
use super::{CONTENTION, Gateway, GatewayError};
use crate::driver::ATTEMPTS_MAX;
use crate::vault::{Belongs, Sealed};

/// So many rows are looked at together.
const PAGE: usize = 500;

/// What sealing anew did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resealed {
    /// Rows that were sealed anew.
    pub resealed: usize,
    /// Rows that the first key had sealed.
    pub unchanged: usize,
}

impl Gateway {
    /// Seals everything anew that the first key of the ring has not sealed. After it, older keys
    /// open nothing that is stored, and can go.
    ///
    /// # Errors
    /// [`GatewayError::NoKeys`], [`GatewayError::Vault`] where a stored secret does not open, and
    /// those of the store.
    pub async fn reseal_all(&self) -> Result<Resealed, GatewayError> {
        let mut told = Resealed::default();
        let mut after = None;
        loop {
            let page = self.store.account_details_after(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.account_id);
            for row in page {
                told.count(self.reseal_details(row).await?);
            }
        }
        let mut after = None;
        loop {
            let page = self.store.destinations_after(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(told) };
            after = Some(last.id);
            for row in page {
                told.count(self.reseal_destination(row).await?);
            }
        }
    }

    async fn reseal_details(&self, mut row: AccountDetails) -> Result<bool, GatewayError> {
        for _ in 0..ATTEMPTS_MAX {
            let id = row.account_id;
            let Some(sealed) = self.resealed(&row.account_ref, ACCOUNT_REF, id.uuid())? else {
                return Ok(false);
            };
            row.account_ref = sealed;
            if self.store.commit_account_details(&row).await? == Commit::Done {
                return Ok(true);
            }
            let Some(stored) = self.store.account_details(id).await? else { return Ok(false) };
            row = stored;
        }
        Err(CONTENTION)
    }

    async fn reseal_destination(&self, mut row: PayoutDestination) -> Result<bool, GatewayError> {
        for _ in 0..ATTEMPTS_MAX {
            let id = row.id.uuid();
            let sealed = [
                self.resealed(&row.access_token, ACCESS_TOKEN, id)?,
                self.resealed(&row.account_id, ACCOUNT_ID, id)?,
                self.resealed(&row.legal_name, LEGAL_NAME, id)?,
            ];
            if sealed.iter().all(Option::is_none) {
                return Ok(false);
            }
            let [access_token, account_id, legal_name] = sealed;
            row.access_token = access_token.unwrap_or(row.access_token);
            row.account_id = account_id.unwrap_or(row.account_id);
            row.legal_name = legal_name.unwrap_or(row.legal_name);
            let rows = [row];
            if self.store.commit_destinations(&rows, &[]).await? == Commit::Done {
                return Ok(true);
            }
            let [stale] = rows;
            let stored = self.store.destinations(stale.user_id).await?;
            let Some(stored) = stored.into_iter().find(|one| one.id == stale.id) else {
                return Ok(false);
            };
            row = stored;
        }
        Err(CONTENTION)
    }

    /// The secret sealed anew; `None` where the first key sealed it.
    fn resealed(
        &self,
        sealed: &SealedText,
        field: &'static str,
        id: Uuid,
    ) -> Result<Option<SealedText>, GatewayError> {
        let stored = Sealed::from_stored(sealed.as_str().to_owned())?;
        let anew = self.ring()?.reseal(&stored, Belongs { field, id }, self.nonce()?)?;
        Ok(anew.map(|sealed| SealedText::new(sealed.as_str().to_owned())))
    }
}

impl Resealed {
    const fn count(&mut self, is_resealed: bool) {
        if is_resealed {
            self.resealed += 1;
        } else {
            self.unchanged += 1;
        }
    }
}

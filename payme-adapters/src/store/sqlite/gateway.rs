//! The people of the gateway: attorneys, details of accounts, destinations, questions, filings.

use async_trait::async_trait;
use payme_core::audit::Event;
use payme_core::claims::{Claim, Filed, QuestionSet};
use payme_core::payouts::{
    AccountDetails, Attorney, Balance, Batch, LeftOut, PayoutDestination, RequestKey, ReviewNote,
};
use payme_core::ports::{Commit, GatewayStore, StoreError};
use payme_core::types::{
    AccountId, ApprovalId, AttorneyId, DestinationId, PayoutBatchId, SettlementId, UserId, Version,
};
use sqlx::sqlite::SqliteRow;

use super::gateway_row::{
    attorney, balance, destination, details, filed, left_out, questions, review,
};
use super::payouts::{ABOVE_ALL, all, one};
use super::payouts_row::batch;
use super::row::{Cells, integer, json};
use super::{SqliteStore, finish, gateway_commit, sql};

#[async_trait]
impl GatewayStore for SqliteStore {
    async fn attorney(&self, id: AttorneyId) -> Result<Option<Attorney>, StoreError> {
        one(&self.read, sqlx::query(sql::ATTORNEY_GET).bind(id.to_string()), attorney).await
    }

    async fn attorney_of(&self, user: UserId) -> Result<Option<Attorney>, StoreError> {
        one(&self.read, sqlx::query(sql::ATTORNEY_OF).bind(user.to_string()), attorney).await
    }

    async fn attorneys(
        &self,
        after: Option<AttorneyId>,
        limit: usize,
    ) -> Result<Vec<Attorney>, StoreError> {
        let query = sqlx::query(sql::ATTORNEYS_AFTER).bind(above(after));
        all(&self.read, query.bind(integer(limit)), attorney).await
    }

    async fn commit_attorney(
        &self,
        attorney: &Attorney,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = gateway_commit::attorney(&mut tx, attorney, events).await;
        finish(tx, written).await
    }

    async fn account_details(
        &self,
        account: AccountId,
    ) -> Result<Option<AccountDetails>, StoreError> {
        let query = sqlx::query(sql::ACCOUNT_DETAILS_GET).bind(account.to_string());
        one(&self.read, query, details).await
    }

    async fn account_details_after(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountDetails>, StoreError> {
        let query = sqlx::query(sql::ACCOUNT_DETAILS_AFTER).bind(above(after));
        all(&self.read, query.bind(integer(limit)), details).await
    }

    async fn commit_account_details(&self, details: &AccountDetails) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = gateway_commit::details(&mut tx, details).await;
        finish(tx, written).await
    }

    async fn balance(&self, account: AccountId) -> Result<Option<Balance>, StoreError> {
        one(&self.read, sqlx::query(sql::BALANCE_OF).bind(account.to_string()), balance).await
    }

    async fn attorney_batches(
        &self,
        attorney: AttorneyId,
        before: Option<PayoutBatchId>,
        limit: usize,
    ) -> Result<Vec<Batch>, StoreError> {
        let before = before.map_or_else(|| ABOVE_ALL.to_owned(), |id| id.to_string());
        let query = sqlx::query(sql::PAYOUT_BATCHES_OF_ATTORNEY).bind(attorney.to_string());
        all(&self.read, query.bind(before).bind(integer(limit)), batch).await
    }

    async fn reviews(&self, approvals: &[ApprovalId]) -> Result<Vec<ReviewNote>, StoreError> {
        all(&self.read, sqlx::query(sql::REVIEWS_OF).bind(json(&approvals)?), review).await
    }

    async fn left_out(&self, batch: PayoutBatchId) -> Result<Vec<LeftOut>, StoreError> {
        all(&self.read, sqlx::query(sql::LEFT_OUT_OF).bind(batch.to_string()), left_out).await
    }

    async fn pay_request(
        &self,
        attorney: AttorneyId,
        key: &RequestKey,
    ) -> Result<Option<String>, StoreError> {
        let query = sqlx::query(sql::PAY_REQUEST_GET).bind(attorney.to_string());
        let read = |row: &SqliteRow| Cells::new(row, "request").get("digest");
        one(&self.read, query.bind(key.as_str()), read).await
    }

    async fn commit_pay_request(
        &self,
        attorney: AttorneyId,
        key: &RequestKey,
        digest: &str,
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = gateway_commit::request(&mut tx, attorney, key, digest).await;
        finish(tx, written).await
    }

    async fn destination(&self, user: UserId) -> Result<Option<PayoutDestination>, StoreError> {
        one(&self.read, sqlx::query(sql::DESTINATION_OF).bind(user.to_string()), destination).await
    }

    async fn destinations(&self, user: UserId) -> Result<Vec<PayoutDestination>, StoreError> {
        all(&self.read, sqlx::query(sql::DESTINATIONS_OF).bind(user.to_string()), destination).await
    }

    async fn destinations_after(
        &self,
        after: Option<DestinationId>,
        limit: usize,
    ) -> Result<Vec<PayoutDestination>, StoreError> {
        let query = sqlx::query(sql::DESTINATIONS_AFTER).bind(above(after));
        all(&self.read, query.bind(integer(limit)), destination).await
    }

    async fn with_destination(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let query = sqlx::query(sql::DESTINATIONS_WITH).bind(json(&users)?);
        let read = |row: &SqliteRow| Cells::new(row, "payout destination").parsed("user_id");
        let mut known: Vec<UserId> = all(&self.read, query, read).await?;
        known.sort_unstable();
        known.dedup();
        Ok(known)
    }

    async fn commit_destinations(
        &self,
        destinations: &[PayoutDestination],
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = gateway_commit::destinations(&mut tx, destinations, events).await;
        finish(tx, written).await
    }

    async fn questions(
        &self,
        settlement: SettlementId,
        version: Option<Version>,
    ) -> Result<Option<QuestionSet>, StoreError> {
        let query = match version {
            None => sqlx::query(sql::QUESTIONS_NEWEST).bind(settlement.to_string()),
            Some(version) => {
                sqlx::query(sql::QUESTIONS_AT).bind(settlement.to_string()).bind(version.0)
            }
        };
        one(&self.read, query, questions).await
    }

    async fn commit_questions(
        &self,
        questions: &QuestionSet,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = gateway_commit::questions(&mut tx, questions, events).await;
        finish(tx, written).await
    }

    async fn filed(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Filed>, StoreError> {
        let query = sqlx::query(sql::FILING_GET).bind(user.to_string());
        one(&self.read, query.bind(settlement.to_string()), filed).await
    }

    async fn commit_filing(
        &self,
        claim: &Claim,
        filed: &Filed,
        events: &[Event],
    ) -> Result<Commit, StoreError> {
        let mut tx = self.begin().await?;
        let written = gateway_commit::filing(&mut tx, (claim, filed), events).await;
        finish(tx, written).await
    }
}

/// The text of an id, or one below every id.
fn above<T: ToString>(after: Option<T>) -> String {
    after.map(|id| id.to_string()).unwrap_or_default()
}

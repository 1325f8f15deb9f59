//! What claimants are asked, and their claims.

use std::collections::BTreeSet;

use payme_core::audit::EventBody;
use payme_core::claims::{
    Claim, Filed, Filing, FilingTerms, Question, QuestionSet, SelfReport, file_claim,
};
use payme_core::sync::StoredRecord;
use payme_core::types::{AttorneyId, Commit, Currency, RecordId, SettlementId, UserId};

use super::{CONTENTION, Gateway, GatewayError};
use crate::driver::ATTEMPTS_MAX;

impl Gateway {
    /// Sets what a settlement asks from now on, instead of what it asked. What was answered before
    /// stays, with what was asked then.
    ///
    /// # Errors
    /// [`GatewayError::Questions`], [`PayoutError::NotLinked`](
    /// payme_core::payouts::PayoutError::NotLinked) unless an account of the attorney is linked to
    /// the settlement, and those of the store.
    pub async fn set_questions(
        &self,
        attorney: AttorneyId,
        settlement: SettlementId,
        questions: Vec<Question>,
    ) -> Result<Vec<Question>, GatewayError> {
        self.own_account(attorney, settlement).await?;
        let user = self.attorney(attorney).await?.user_id;
        for _ in 0..ATTEMPTS_MAX {
            let stored = self.store.questions(settlement, None).await?;
            let (asked, now) = (questions.clone(), self.now());
            let set = QuestionSet::replacing(stored.as_ref(), settlement, asked, now)?;
            let Some(set) = set else { return Ok(questions) };
            let count = set.questions.len();
            let body = EventBody::QuestionsSet { settlement_id: settlement, questions: count };
            let event = self.event(user, body);
            if self.store.commit_questions(&set, &[event]).await? == Commit::Done {
                return Ok(set.questions);
            }
        }
        Err(CONTENTION)
    }

    /// What a settlement asks, in the order in which it is asked.
    ///
    /// # Errors
    /// [`PayoutError::UnknownSettlement`](
    /// payme_core::payouts::PayoutError::UnknownSettlement), and those of the store.
    pub async fn questions(&self, settlement: SettlementId) -> Result<Vec<Question>, GatewayError> {
        self.known(settlement).await?;
        let set = self.store.questions(settlement, None).await?;
        let mut questions = set.map(|set| set.questions).unwrap_or_default();
        questions.sort_by_key(|question| (question.order_index, question.id));
        Ok(questions)
    }

    /// Opens a claim of a person, while the settlement takes claims.
    ///
    /// # Errors
    /// A person or settlement that is not known, a claim that cannot be opened, as
    /// [`open_claim`](payme_core::claims::open_claim) says, and those of the store.
    pub async fn open_claim(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Claim, GatewayError> {
        let settlement = self.known(settlement).await?;
        self.expect_user(user).await?;
        Ok(self.payouts.open_claim(user, &settlement).await?)
    }

    /// Submits a claim with answers and records, all in one commit, while the settlement takes
    /// claims.
    ///
    /// # Errors
    /// [`GatewayError::Filing`] where the claim or the settlement does not allow it, or with every
    /// answer and record that does not fit, a person or
    /// settlement that is not known, and those of the store.
    pub async fn submit_claim(
        &self,
        user: UserId,
        settlement: SettlementId,
        filing: Filing,
    ) -> Result<Claim, GatewayError> {
        for _ in 0..ATTEMPTS_MAX {
            let known = self.known(settlement).await?;
            let own = self.records_of(user).await?;
            let now = self.now();
            let claim = self.store.claim(user, settlement).await?;
            let claim = claim.unwrap_or_else(|| Claim::matched(user, settlement, now));
            let asked = self.store.questions(settlement, None).await?;
            let account = self.store.account_of(settlement).await?;
            let currency = account.map_or(Currency::USD, |account| account.currency);
            let questions = asked.as_ref();
            let terms = FilingTerms { settlement: &known, questions, own: &own, currency };
            let (moved, filed) = file_claim(&claim, terms, &filing, now)?;
            let (answers, evidence) = (filed.answers.len(), filed.evidence.len());
            let body = EventBody::ClaimAnswered { settlement_id: settlement, answers, evidence };
            let events = [self.payouts.claim_moved(&moved), self.event(user, body)];
            if self.store.commit_filing(&moved, &filed, &events).await? == Commit::Done {
                return Ok(Claim { version: moved.version.next(), ..moved });
            }
        }
        Err(CONTENTION)
    }

    /// Takes in what a person says became of a claim.
    ///
    /// # Errors
    /// A settlement that is not known or that an attorney pays, a claim that was not submitted, and
    /// those of the store.
    pub async fn report_claim(
        &self,
        user: UserId,
        settlement: SettlementId,
        report: SelfReport,
    ) -> Result<Claim, GatewayError> {
        self.known(settlement).await?;
        Ok(self.payouts.report_claim(user, settlement, report).await?)
    }

    /// The claim of a person, if one was begun.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn claim(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Claim>, GatewayError> {
        Ok(self.store.claim(user, settlement).await?)
    }

    /// The claims of a person, by settlement.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn claims(&self, user: UserId) -> Result<Vec<Claim>, GatewayError> {
        Ok(self.store.claims_of(user).await?)
    }

    /// What was filed with a claim.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn filed(
        &self,
        user: UserId,
        settlement: SettlementId,
    ) -> Result<Option<Filed>, GatewayError> {
        Ok(self.store.filed(user, settlement).await?)
    }

    /// The records that a person has.
    async fn records_of(&self, user: UserId) -> Result<BTreeSet<RecordId>, GatewayError> {
        let Some(stored) = self.store.evidence(user).await? else {
            self.expect_user(user).await?;
            return Ok(BTreeSet::new());
        };
        let live = stored.records.iter().filter(|(_, one)| matches!(one, StoredRecord::Live(_)));
        Ok(live.map(|(id, _)| *id).collect())
    }
}

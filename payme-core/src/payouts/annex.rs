//! What is kept beside the rows of a decision, in the same transaction: details of accounts, notes
//! of reviews, and whom a batch left out.
//!
//! In: texts of people. Out: values that fit, in the [`Annex`] of a change. None of it is a fact:
//! the log holds ids and amounts, and these are personal. `Debug` shows ids and counts.

use std::fmt;

use super::attorney::check_text;
use super::{Draft, PayoutError, Skipped};
use crate::types::{AccountId, ApprovalId, Instant, PayoutBatchId, SettlementId, UserId, Version};

/// How long a note of a review may be, in characters.
pub const NOTE_CHARS_MAX: usize = 2_000;

/// A secret under lock, as a vault wrote it. Only a vault can open it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedText(String);

impl SealedText {
    /// What a vault wrote.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text to be stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SealedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedText([sealed])")
    }
}

/// What is known of an account beside its money.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountDetails {
    /// The account.
    pub account_id: AccountId,
    /// The name of its bank.
    pub bank_name: String,
    /// What the bank calls it, under lock.
    pub account_ref: SealedText,
    /// The version it was loaded with.
    pub version: Version,
}

impl fmt::Debug for AccountDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("AccountDetails");
        told.field("account_id", &self.account_id).field("version", &self.version);
        told.finish_non_exhaustive()
    }
}

/// Why somebody was approved or rejected, in an attorney's words.
///
/// ```
/// use payme_core::payouts::NoteText;
/// assert_eq!(NoteText::new("Seen the receipt.\nFits.")?.as_str(), "Seen the receipt.\nFits.");
/// assert_eq!(NoteText::new("a\u{7}").unwrap_err().code(), "invalid_note");
/// # Ok::<(), payme_core::payouts::PayoutError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct NoteText(String);

impl NoteText {
    /// A note of 1 to 2,000 characters, without control characters but line feeds.
    ///
    /// # Errors
    /// [`PayoutError::Note`].
    pub fn new(text: impl Into<String>) -> Result<Self, PayoutError> {
        let text = text.into();
        let fits = text.chars().count() <= NOTE_CHARS_MAX
            && !text.trim().is_empty()
            && !text.chars().any(|c| c.is_control() && c != '\n');
        if fits { Ok(Self(text)) } else { Err(PayoutError::Note) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NoteText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoteText([redacted])")
    }
}

/// The note of one decision about one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewNote {
    /// The approval it is about.
    pub approval_id: ApprovalId,
    /// Its attempt; 0 where the person was rejected.
    pub attempt: u32,
    /// When it was decided.
    pub at: Instant,
    /// Why.
    pub note: NoteText,
}

/// Somebody who was asked for by name and is not in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The batch.
    pub batch_id: PayoutBatchId,
    /// The person.
    pub user_id: UserId,
    /// Why.
    pub reason: Skipped,
}

/// What a change keeps beside its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annex {
    /// Details of accounts that are linked with it.
    pub details: Vec<AccountDetails>,
    /// Notes of its decisions.
    pub reviews: Vec<ReviewNote>,
    /// Who is left out of its batches.
    pub left_out: Vec<LeftOut>,
}

/// Keeps the details of an account that this decision links.
///
/// # Errors
/// [`PayoutError::Profile`] where the name of the bank cannot be, and [`PayoutError::NotLinked`]
/// where this decision links no such account.
pub fn keep_details(
    draft: &mut Draft,
    account_id: AccountId,
    bank_name: &str,
    account_ref: SealedText,
) -> Result<(), PayoutError> {
    check_text("bank_name", bank_name)?;
    let account = draft.books().accounts.get(&account_id).ok_or(PayoutError::NotLinked)?;
    let version = account.version;
    if version != Version::NEW {
        return Err(PayoutError::NotLinked);
    }
    let bank_name = bank_name.to_owned();
    draft.annex_mut().details.push(AccountDetails { account_id, bank_name, account_ref, version });
    Ok(())
}

/// Keeps the note of what this decision says about a person.
///
/// # Errors
/// [`PayoutError::Contradiction`] where nothing was decided about them.
pub fn keep_review(
    draft: &mut Draft,
    user_id: UserId,
    settlement_id: SettlementId,
    note: NoteText,
) -> Result<(), PayoutError> {
    let mut approvals = draft.books().approvals.values();
    let about =
        |row: &&super::Approval| row.user_id == user_id && row.settlement_id == settlement_id;
    let row = approvals.find(about).ok_or(PayoutError::Contradiction("approvals"))?;
    let (approval_id, at) = (row.id, draft.at());
    // A rejection is of no attempt: whoever was approved once is not rejected any more.
    let attempt = row.attempt;
    draft.annex_mut().reviews.push(ReviewNote { approval_id, attempt, at, note });
    Ok(())
}

/// Keeps who is left out of a batch that asks for people by name.
pub fn keep_left_out(draft: &mut Draft, batch_id: PayoutBatchId, people: &[(UserId, Skipped)]) {
    let is_named = draft.books().batches.get(&batch_id).is_some_and(|row| row.items.is_some());
    if is_named {
        let rows = people.iter();
        let rows =
            rows.map(|(user_id, reason)| LeftOut { batch_id, user_id: *user_id, reason: *reason });
        draft.annex_mut().left_out.extend(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_follow_the_table() {
        let long = "n".repeat(NOTE_CHARS_MAX);
        let longer = "n".repeat(NOTE_CHARS_MAX + 1);
        for (text, fits) in [
            ("Seen.", true),
            ("one\ntwo", true),
            (long.as_str(), true),
            (longer.as_str(), false),
            ("", false),
            (" \n", false),
            ("tab\there", false),
            ("\u{7f}", false),
        ] {
            assert_eq!(NoteText::new(text).is_ok(), fits, "{text:?}");
        }
        let note = NoteText::new("the claimant's words").unwrap();
        assert!(!format!("{note:?}").contains("claimant"));
    }

    #[test]
    fn what_is_sealed_and_where_an_account_is_are_not_printed() {
        let details = AccountDetails {
            account_id: AccountId::from_uuid(uuid::Uuid::nil()),
            bank_name: "First Bank".to_owned(),
            account_ref: SealedText::new("v1:k:abc".to_owned()),
            version: Version::NEW,
        };
        let told = format!("{details:?} {:?}", details.account_ref);
        assert!(!told.contains("First") && !told.contains("v1"), "{told}");
    }
}

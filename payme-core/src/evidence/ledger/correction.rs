//! What a person says of one of their bank records: its merchant, its category, a note.
//!
//! In: texts, checked once. Out: a [`Correction`], which belongs to the id of a record and outlives
//! every change of it. A correction never changes the record: it is laid over it when the record is
//! looked at, so a re-sync takes nothing back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sync::{Record, Transaction};
use crate::types::{Instant, RecordId};

/// The longest merchant, in characters. Its slug has as many bytes at most, so that a corrected
/// merchant always fits a feature key.
pub const MERCHANT_CHARS_MAX: usize = 100;
/// The longest category, in characters; bounded as the merchant is.
pub const CATEGORY_CHARS_MAX: usize = 100;
/// The longest note, in characters: a few sentences.
pub const NOTE_CHARS_MAX: usize = 1_000;

/// What of a record a person may correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrectedField {
    /// Who was paid.
    Merchant,
    /// What for.
    Category,
    /// What else the person wants to remember of it.
    Note,
}

impl CorrectedField {
    /// Every field, in the order of this list.
    pub const ALL: [Self; 3] = [Self::Merchant, Self::Category, Self::Note];

    /// The word used in files and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Category => "category",
            Self::Note => "note",
        }
    }

    /// How many characters it has at most.
    pub const fn chars_max(self) -> usize {
        match self {
            Self::Merchant => MERCHANT_CHARS_MAX,
            Self::Category => CATEGORY_CHARS_MAX,
            Self::Note => NOTE_CHARS_MAX,
        }
    }
}

/// Why a correction was refused. Repeats nothing of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CorrectionError {
    /// No field is given.
    #[error("nothing is corrected: give a merchant, a category or a note")]
    Nothing,
    /// A field is given and holds nothing.
    #[error("the {} is empty: write one, or clear it", .0.as_str())]
    Empty(CorrectedField),
    /// A line break or the like.
    #[error("the {} holds a control character: write it on one line", .0.as_str())]
    Control(CorrectedField),
    /// Too long.
    #[error("the {} has {chars} characters, at most {}", .field.as_str(), .field.chars_max())]
    Long {
        /// The field.
        field: CorrectedField,
        /// How many characters it has.
        chars: usize,
    },
}

impl CorrectionError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Nothing => "empty_correction",
            Self::Empty(_) => "empty_text",
            Self::Control(_) => "control_character",
            Self::Long { .. } => "text_too_long",
        }
    }
}

/// What a person says of one record. At least one field is there.
///
/// Debug shows the record's id alone: the texts are personal data.
///
/// ```
/// use payme_core::evidence::ledger::Correction;
/// use payme_core::types::Instant;
/// let record = "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse()?;
/// let at = Instant::parse("2026-02-01T00:00:00Z")?;
/// let said = Correction::new(record, Some(" Corner Bakery "), None, None, at)?;
/// assert_eq!(said.merchant(), Some("Corner Bakery"));
/// assert!(Correction::new(record, None, None, Some("two\nlines"), at).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Correction {
    record: RecordId,
    at: Instant,
    merchant: Option<String>,
    category: Option<String>,
    note: Option<String>,
}

impl Correction {
    /// What a person said of a record at a moment. White space around a text is dropped.
    ///
    /// # Errors
    /// [`CorrectionError`]: no field at all, or one that is empty, too long, or holds a control
    /// character.
    pub fn new(
        record: RecordId,
        merchant: Option<&str>,
        category: Option<&str>,
        note: Option<&str>,
        at: Instant,
    ) -> Result<Self, CorrectionError> {
        let [merchant, category, note] = [
            (CorrectedField::Merchant, merchant),
            (CorrectedField::Category, category),
            (CorrectedField::Note, note),
        ]
        .map(|(field, text)| text.map(|text| checked(field, text)).transpose());
        let new = Self { record, at, merchant: merchant?, category: category?, note: note? };
        if new.says_nothing() { Err(CorrectionError::Nothing) } else { Ok(new) }
    }

    /// What is left of a correction after an edit, made at `at`.
    ///
    /// `None` when nothing is left: then the stored one is to be deleted. Where the edit changes
    /// no field the stored one comes back as it is, with its own time, so that saying the same
    /// twice changes nothing.
    ///
    /// # Errors
    /// As [`Correction::new`].
    pub fn edited(
        stored: Option<&Self>,
        record: RecordId,
        edit: &CorrectionEdit,
        at: Instant,
    ) -> Result<Option<Self>, CorrectionError> {
        let stored = stored.filter(|stored| stored.record == record);
        let [merchant, category, note] = CorrectedField::ALL.map(|field| match edit.of(field) {
            Edit::Keep => Ok(stored.and_then(|stored| stored.get(field)).map(str::to_owned)),
            Edit::Clear => Ok(None),
            Edit::Set(text) => checked(field, text).map(Some),
        });
        let new = Self { record, at, merchant: merchant?, category: category?, note: note? };
        if let Some(stored) = stored
            && CorrectedField::ALL.iter().all(|field| stored.get(*field) == new.get(*field))
        {
            return Ok(Some(stored.clone()));
        }
        Ok(Some(new).filter(|new| !new.says_nothing()))
    }

    /// The record it belongs to.
    pub const fn record(&self) -> RecordId {
        self.record
    }

    /// When it was said.
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// Who was paid, if that was corrected.
    pub fn merchant(&self) -> Option<&str> {
        self.merchant.as_deref()
    }

    /// What for, if that was corrected.
    pub fn category(&self) -> Option<&str> {
        self.category.as_deref()
    }

    /// The note, if there is one.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// One of its fields.
    pub fn get(&self, field: CorrectedField) -> Option<&str> {
        match field {
            CorrectedField::Merchant => self.merchant(),
            CorrectedField::Category => self.category(),
            CorrectedField::Note => self.note(),
        }
    }

    /// The correction as text for a store; [`Correction::from_stored`] reads it back.
    pub fn to_stored(&self) -> String {
        let Self { record: _, at, merchant, category, note } = self.clone();
        // Texts always have a JSON form.
        serde_json::to_string(&Stored::Correction { merchant, category, note, at })
            .unwrap_or_default()
    }

    /// Reads what [`Correction::to_stored`] wrote; `None` when the text is something else.
    pub fn from_stored(record: RecordId, text: &str) -> Option<Self> {
        let Stored::Correction { merchant, category, note, at } =
            serde_json::from_str(text).ok()?;
        Self::new(record, merchant.as_deref(), category.as_deref(), note.as_deref(), at).ok()
    }

    const fn says_nothing(&self) -> bool {
        self.merchant.is_none() && self.category.is_none() && self.note.is_none()
    }
}

/// The stored form, version 1. A later form gets a tag of its own beside this one.
#[derive(Serialize, Deserialize)]
#[serde(tag = "v1", rename_all = "snake_case")]
enum Stored {
    Correction {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merchant: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        at: Instant,
    },
}

fn checked(field: CorrectedField, text: &str) -> Result<String, CorrectionError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(CorrectionError::Empty(field));
    }
    if text.chars().any(char::is_control) {
        return Err(CorrectionError::Control(field));
    }
    let chars = text.chars().count();
    if chars > field.chars_max() {
        return Err(CorrectionError::Long { field, chars });
    }
    Ok(text.to_owned())
}

/// What an edit does to one field.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Edit {
    /// It stays as it is.
    #[default]
    Keep,
    /// What was corrected is taken back.
    Clear,
    /// It becomes this.
    Set(String),
}

/// What an edit does to each field of a correction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CorrectionEdit {
    /// To the merchant.
    pub merchant: Edit,
    /// To the category.
    pub category: Edit,
    /// To the note.
    pub note: Edit,
}

impl CorrectionEdit {
    const fn of(&self, field: CorrectedField) -> &Edit {
        match field {
            CorrectedField::Merchant => &self.merchant,
            CorrectedField::Category => &self.category,
            CorrectedField::Note => &self.note,
        }
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keep => "Keep",
            Self::Clear => "Clear",
            Self::Set(_) => "Set(..)",
        })
    }
}

impl fmt::Debug for Correction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Correction").field("record", &self.record).finish_non_exhaustive()
    }
}

/// What holds for one record after following corrections: each field from the nearest that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Effective<'a> {
    pub(super) merchant: Option<&'a str>,
    pub(super) category: Option<&'a str>,
    pub(super) note: Option<&'a str>,
}

/// The corrections of one person, by record, and the records they may follow.
pub(super) struct Corrections<'a> {
    by_record: BTreeMap<RecordId, &'a Correction>,
}

impl<'a> Corrections<'a> {
    /// Where a record has several, the last one said counts; of those of one moment, the greater,
    /// so that their order never matters.
    pub(super) fn new(corrections: impl IntoIterator<Item = &'a Correction>) -> Self {
        let mut by_record: BTreeMap<RecordId, &Correction> = BTreeMap::new();
        for correction in corrections {
            let kept = by_record.entry(correction.record).or_insert(correction);
            *kept = (*kept).max(correction);
        }
        Self { by_record }
    }

    /// The records a shown one stands for, itself first: the pending transaction that it names in
    /// `supersedes`, the one which that names, and so on.
    ///
    /// It ends at a record that is shown by itself, whose corrections are its own, and at one that
    /// was met before. A pending transaction that is gone is still followed to: providers
    /// remove it on the page that brings the posted one.
    pub(super) fn chain(
        shown: &Transaction,
        records: &BTreeMap<RecordId, &Record>,
        superseded: &BTreeSet<RecordId>,
    ) -> Vec<RecordId> {
        let mut chain = vec![shown.id];
        let mut met = BTreeSet::from([shown.id]);
        let mut next = shown.supersedes;
        while let Some(id) = next {
            let live = records.get(&id);
            if (live.is_some() && !superseded.contains(&id)) || !met.insert(id) {
                break;
            }
            chain.push(id);
            next = match live {
                Some(Record::Transaction(transaction)) => transaction.supersedes,
                Some(Record::Message(_)) | None => None,
            };
        }
        chain
    }

    /// What holds for a chain: field by field, the first record of it that has the field.
    pub(super) fn of_chain(&self, chain: &[RecordId]) -> Effective<'a> {
        let first = |field| {
            let own = |id| self.by_record.get(id).and_then(|correction| correction.get(field));
            chain.iter().find_map(own)
        };
        Effective {
            merchant: first(CorrectedField::Merchant),
            category: first(CorrectedField::Category),
            note: first(CorrectedField::Note),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> RecordId {
        RecordId::from_uuid(uuid::Uuid::from_u128(7))
    }

    fn at(second: u8) -> Instant {
        Instant::parse(&format!("2026-02-01T00:00:{second:02}Z")).unwrap()
    }

    #[test]
    fn what_is_wrong_has_a_code_and_repeats_nothing() {
        let long = "Secret".repeat(200);
        #[rustfmt::skip]
        let table = [
            (None,            None,               None,              "empty_correction"),
            (Some(" \t"),     None,               None,              "empty_text"),
            (Some("Secret"),  Some(""),           None,              "empty_text"),
            (None,            Some("Secret\n1"),  None,              "control_character"),
            (None,            None,               Some("\u{85}Se\u{7f}cret"), "control_character"),
            (Some(&long[..101]), None,            None,              "text_too_long"),
            (None,            Some(&long[..101]), None,              "text_too_long"),
            (None,            None,               Some(&long[..1001]), "text_too_long"),
        ];
        for (merchant, category, note, code) in table {
            let error = Correction::new(record(), merchant, category, note, at(0)).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(!error.to_string().contains("Secret") && !error.to_string().is_empty());
        }
        let most = "é".repeat(MERCHANT_CHARS_MAX);
        assert!(Correction::new(record(), Some(&most), None, None, at(0)).is_ok());
    }

    #[test]
    fn an_edit_says_what_stays_and_nothing_said_twice_changes() {
        let edit = |merchant, category, note| CorrectionEdit { merchant, category, note };
        let set = |text: &str| Edit::Set(text.to_owned());
        let edited = |stored: Option<&Correction>, edit: &CorrectionEdit, second| {
            Correction::edited(stored, record(), edit, at(second))
        };
        let first = edited(None, &edit(set("Bakery"), Edit::Keep, set(" n ")), 1).unwrap().unwrap();
        assert_eq!(
            (first.merchant(), first.category(), first.note()),
            (Some("Bakery"), None, Some("n"))
        );
        let same = edited(Some(&first), &edit(set("Bakery"), Edit::Clear, Edit::Keep), 2).unwrap();
        assert_eq!(same.unwrap().at(), at(1), "what changes nothing keeps its time");
        let second =
            edited(Some(&first), &edit(Edit::Keep, set("FOOD"), Edit::Clear), 3).unwrap().unwrap();
        assert_eq!(
            (second.merchant(), second.category(), second.note()),
            (Some("Bakery"), Some("FOOD"), None)
        );
        assert_eq!(second.at(), at(3));
        let none = edited(Some(&second), &edit(Edit::Clear, Edit::Clear, Edit::Keep), 4).unwrap();
        assert_eq!(none, None);
        assert_eq!(edited(None, &CorrectionEdit::default(), 5).unwrap(), None);
        assert!(edited(None, &edit(set(""), Edit::Keep, Edit::Keep), 5).is_err());
    }

    #[test]
    fn nothing_personal_shows_in_debug() {
        let correction = Correction::new(record(), Some("Pear"), Some("Shop"), Some("Gift"), at(0));
        let edit = CorrectionEdit { merchant: Edit::Set("Pear".to_owned()), ..Default::default() };
        let shown = format!("{correction:?} {edit:?}");
        assert!(
            !["Pear", "Shop", "Gift", "2026"].iter().any(|text| shown.contains(text)),
            "{shown}"
        );
        assert!(shown.contains(&record().to_string()));
    }

    #[test]
    fn what_is_no_stored_correction_does_not_read() {
        for text in [
            "",
            "{}",
            r#"{"v1":"correction","at":"2026-02-01T00:00:00Z"}"#,
            r#"{"v1":"correction","note":"a\nb","at":"2026-02-01T00:00:00Z"}"#,
            r#"{"v1":"message","note":"a","at":"2026-02-01T00:00:00Z"}"#,
        ] {
            assert_eq!(Correction::from_stored(record(), text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_stored_correction_reads_back(
            merchant in prop::option::of(".{0,20}"),
            category in prop::option::of(".{0,20}"),
            note in prop::option::of(".{0,20}"),
            second in 0_u8..60,
        ) {
            let made = Correction::new(
                record(), merchant.as_deref(), category.as_deref(), note.as_deref(), at(second),
            );
            if let Ok(correction) = made {
                prop_assert_eq!(Correction::from_stored(record(), &correction.to_stored()), Some(correction));
            }
        }
    }
}

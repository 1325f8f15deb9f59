//! Questions of managed settlements, and the answers that go with a claim.
//!
//! In: the questions of a settlement and what a person answered. Out: answers that fit, in the
//! order of the questions, or every reason why they do not. `Debug` shows no answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::types::{Currency, Money, QuestionId, RecordId, SettlementId, parse_date, words};

/// How long a question, an option or an answer may be, in characters.
pub const ANSWER_CHARS_MAX: usize = 2_000;
/// How many options a question may have.
pub const OPTIONS_MAX: usize = 200;

words!(
    /// What kind of answer a question asks for.
    QuestionKind {
        /// Any text.
        Text = "text",
        /// `yes` or `no`.
        YesNo = "yes_no",
        /// A day, written YYYY-MM-DD.
        Date = "date",
        /// An amount of money above zero, written in decimals.
        Amount = "amount",
        /// One of the options.
        Select = "select",
    }
);

/// A question that a settlement asks of who claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// What it asks.
    pub prompt: String,
    /// What kind of answer it asks for.
    pub kind: QuestionKind,
    /// The options of a `select`; otherwise none.
    pub options: Vec<String>,
    /// Its place among the questions; equal ones go by id.
    pub order_index: i32,
    /// Whether a claim needs an answer.
    pub required: bool,
}

/// Why a question cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// No text, or too long, or with control characters.
    #[error("{0} has to have 1 to {ANSWER_CHARS_MAX} characters, and no control characters")]
    Text(&'static str),
    /// A `select` without options, another kind with some, too many, or one twice.
    #[error("a select needs 1 to {OPTIONS_MAX} different options, and no other kind has any")]
    Options,
}

impl QuestionError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Text(_) => "invalid_question_text",
            Self::Options => "invalid_options",
        }
    }
}

impl Question {
    /// Checks a question.
    ///
    /// # Errors
    /// [`QuestionError`].
    pub fn check(&self) -> Result<(), QuestionError> {
        if !is_text(&self.prompt) {
            return Err(QuestionError::Text("the question"));
        }
        if !self.options.iter().all(|option| is_text(option)) {
            return Err(QuestionError::Text("an option"));
        }
        let different: BTreeSet<&String> = self.options.iter().collect();
        let fits = match self.kind {
            QuestionKind::Select => (1..=OPTIONS_MAX).contains(&self.options.len()),
            QuestionKind::Text
            | QuestionKind::YesNo
            | QuestionKind::Date
            | QuestionKind::Amount => self.options.is_empty(),
        };
        if fits && different.len() == self.options.len() {
            Ok(())
        } else {
            Err(QuestionError::Options)
        }
    }
}

impl QuestionKind {
    /// What such a question asks for, in words.
    const fn asked(self) -> &'static str {
        match self {
            Self::Text => "a text of 1 to 2000 characters, without control characters",
            Self::YesNo => "yes or no",
            Self::Date => "a day, such as 2026-02-28",
            Self::Amount => "an amount above zero in digits, such as 12.34",
            Self::Select => "one of its options",
        }
    }
}

/// An answer that fits its question.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The question.
    pub question_id: QuestionId,
    /// The answer in its plain form: `yes`, a day as YYYY-MM-DD, an amount in decimals.
    pub value: String,
}

impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered").field("question_id", &self.question_id).finish_non_exhaustive()
    }
}

/// Why an answer does not fit. Holds no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The question needs an answer.
    #[error("question {0} has to be answered")]
    Missing(QuestionId),
    /// The settlement does not ask this.
    #[error("question {0} is not one of this settlement")]
    Unknown(QuestionId),
    /// Answered more than once.
    #[error("question {0} is answered twice")]
    Twice(QuestionId),
    /// Not the kind of answer that is asked for.
    #[error("the answer to question {0} is not {what}", what = .1.asked())]
    Kind(QuestionId, QuestionKind),
    /// A record that is not of the claimant.
    #[error("record {0} is not one of the claimant's")]
    Evidence(RecordId),
}

impl AnswerError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "answer_missing",
            Self::Unknown(_) => "unknown_question",
            Self::Twice(_) => "duplicate_answer",
            Self::Kind(..) => "answer_kind",
            Self::Evidence(_) => "foreign_evidence",
        }
    }
}

/// Holds answers against the questions of a settlement: all of them fit, or every reason is told.
///
/// An empty answer is none. `currency` is that of the settlement's payments.
///
/// # Errors
/// Every [`AnswerError`], in the order of the questions, unknown ones last.
///
/// ```
/// use payme_core::claims::{AnswerError, Question, QuestionKind, check_answers};
/// use payme_core::types::Currency;
/// let id = "00000000-0000-4000-8000-000000000001";
/// let question = Question {
///     id: id.parse().unwrap(),
///     settlement_id: id.parse().unwrap(),
///     prompt: "Did you buy in 2020?".to_owned(),
///     kind: QuestionKind::YesNo,
///     options: vec![],
///     order_index: 0,
///     required: true,
/// };
/// let answer = |text: &str| {
///     let given = [(question.id, text.to_owned())];
///     check_answers(&[question.clone()], &given, Currency::USD)
/// };
/// assert_eq!(answer(" Yes ").unwrap()[0].value, "yes");
/// assert_eq!(answer("maybe"), Err(vec![AnswerError::Kind(question.id, QuestionKind::YesNo)]));
/// assert_eq!(answer(""), Err(vec![AnswerError::Missing(question.id)]));
/// ```
pub fn check_answers(
    questions: &[Question],
    given: &[(QuestionId, String)],
    currency: Currency,
) -> Result<Vec<Answered>, Vec<AnswerError>> {
    let mut wrong = Vec::new();
    let mut by_question: BTreeMap<QuestionId, &str> = BTreeMap::new();
    for (id, text) in given {
        if by_question.insert(*id, text.trim()).is_some() {
            wrong.push(AnswerError::Twice(*id));
        }
    }
    let mut sorted: Vec<&Question> = questions.iter().collect();
    sorted.sort_by_key(|question| (question.order_index, question.id));
    let mut answers = Vec::new();
    for question in sorted {
        let text = by_question.remove(&question.id).filter(|text| !text.is_empty());
        match text.map(|text| plain(question, text, currency)) {
            None if question.required => wrong.push(AnswerError::Missing(question.id)),
            None => {}
            Some(None) => wrong.push(AnswerError::Kind(question.id, question.kind)),
            Some(Some(value)) => answers.push(Answered { question_id: question.id, value }),
        }
    }
    wrong.extend(by_question.into_keys().map(AnswerError::Unknown));
    if wrong.is_empty() { Ok(answers) } else { Err(wrong) }
}

/// Holds the records that go with a claim against those the claimant has.
///
/// # Errors
/// Every record that is not among them.
pub fn check_evidence(
    given: &[RecordId],
    own: &BTreeSet<RecordId>,
) -> Result<(), Vec<AnswerError>> {
    let foreign = given.iter().filter(|record| !own.contains(record));
    let wrong: Vec<AnswerError> = foreign.copied().map(AnswerError::Evidence).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// The plain form of an answer, where it is of the kind that is asked for.
fn plain(question: &Question, text: &str, currency: Currency) -> Option<String> {
    match question.kind {
        QuestionKind::Text => is_text(text).then(|| text.to_owned()),
        QuestionKind::YesNo => {
            let low = text.to_ascii_lowercase();
            matches!(low.as_str(), "yes" | "no").then_some(low)
        }
        QuestionKind::Date => parse_date(text).ok().map(|date| date.to_string()),
        QuestionKind::Amount => {
            let money = Money::parse_plain(text, currency).ok()?;
            (money.minor() > 0).then(|| money.decimal())
        }
        QuestionKind::Select => question.options.iter().find(|one| *one == text).cloned(),
    }
}

fn is_text(text: &str) -> bool {
    let has_room = (1..=ANSWER_CHARS_MAX).contains(&text.chars().count());
    has_room && !text.trim().is_empty() && !text.chars().any(|c| c.is_control() && c != '\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn question(n: u32, kind: QuestionKind, required: bool) -> Question {
        let id = format!("00000000-0000-4000-8000-{n:012}");
        let options = match kind {
            QuestionKind::Select => vec!["red".to_owned(), "Blue".to_owned()],
            _ => Vec::new(),
        };
        Question {
            id: id.parse().unwrap(),
            settlement_id: id.parse().unwrap(),
            prompt: "What?".to_owned(),
            kind,
            options,
            order_index: 10 - i32::try_from(n).unwrap(),
            required,
        }
    }

    #[test]
    fn answers_follow_the_table() {
        #[rustfmt::skip]
        let table: &[(QuestionKind, &str, Option<&str>)] = &[
            (QuestionKind::Text,   " a b ",      Some("a b")),
            (QuestionKind::Text,   "a\u{7}",     None),
            (QuestionKind::YesNo,  "YES",        Some("yes")),
            (QuestionKind::YesNo,  "no",         Some("no")),
            (QuestionKind::YesNo,  "y",          None),
            (QuestionKind::Date,   "2024-02-29", Some("2024-02-29")),
            (QuestionKind::Date,   "2023-02-29", None),
            (QuestionKind::Date,   "29.2.2024",  None),
            (QuestionKind::Amount, "12.5",       Some("12.50")),
            (QuestionKind::Amount, "1e3",        None),
            (QuestionKind::Amount, "0",          None),
            (QuestionKind::Amount, "-1",         None),
            (QuestionKind::Amount, "1.234",      None),
            (QuestionKind::Select, "red",        Some("red")),
            (QuestionKind::Select, "blue",       None),
        ];
        for (kind, text, expected) in table {
            let asked = question(1, *kind, true);
            let given = [(asked.id, (*text).to_owned())];
            let found = check_answers(std::slice::from_ref(&asked), &given, Currency::USD);
            let expected = expected.map_or_else(
                || Err(vec![AnswerError::Kind(asked.id, *kind)]),
                |value| Ok(vec![Answered { question_id: asked.id, value: value.to_owned() }]),
            );
            assert_eq!(found, expected, "{kind} {text:?}");
        }
    }

    #[test]
    fn every_reason_is_told_in_the_order_of_the_questions() {
        let (first, second) =
            (question(2, QuestionKind::Text, true), question(1, QuestionKind::Date, true));
        let stranger = question(3, QuestionKind::Text, false).id;
        let given = [(second.id, "never".to_owned()), (stranger, "x".to_owned())];
        let questions = [second.clone(), first.clone()];
        let wrong = check_answers(&questions, &given, Currency::USD).unwrap_err();
        let expected = [
            AnswerError::Missing(first.id),
            AnswerError::Kind(second.id, QuestionKind::Date),
            AnswerError::Unknown(stranger),
        ];
        assert_eq!(wrong, expected);
        let twice = [(first.id, "a".to_owned()), (first.id, "b".to_owned())];
        let wrong = check_answers(&questions[1..], &twice, Currency::USD).unwrap_err();
        assert_eq!(wrong, [AnswerError::Twice(first.id)]);
    }

    #[test]
    fn questions_that_cannot_be_asked_are_refused() {
        let with = |kind, change: fn(&mut Question)| {
            let mut asked = question(1, kind, true);
            change(&mut asked);
            asked.check()
        };
        assert_eq!(with(QuestionKind::Select, |_| {}), Ok(()));
        assert_eq!(
            with(QuestionKind::Select, |one| one.options.clear()),
            Err(QuestionError::Options)
        );
        let twice: fn(&mut Question) = |one| one.options.push("red".to_owned());
        assert_eq!(with(QuestionKind::Select, twice), Err(QuestionError::Options));
        assert_eq!(with(QuestionKind::Text, twice), Err(QuestionError::Options));
        let blank: fn(&mut Question) = |one| one.prompt = " ".to_owned();
        assert_eq!(with(QuestionKind::Text, blank), Err(QuestionError::Text("the question")));
    }

    #[test]
    fn an_answer_that_does_not_fit_is_told_what_would() {
        let kinds = QuestionKind::ALL.iter();
        let told = kinds.map(|kind| {
            let asked = question(1, *kind, true);
            AnswerError::Kind(asked.id, *kind).to_string()
        });
        let of = "the answer to question 00000000-0000-4000-8000-000000000001 is not ";
        let what = [
            "a text of 1 to 2000 characters, without control characters",
            "yes or no",
            "a day, such as 2026-02-28",
            "an amount above zero in digits, such as 12.34",
            "one of its options",
        ];
        assert_eq!(told.collect::<Vec<_>>(), what.map(|what| format!("{of}{what}")));
        assert_eq!(ANSWER_CHARS_MAX, 2_000);
    }

    #[test]
    fn evidence_of_others_is_refused() {
        let record =
            |n: u32| -> RecordId { format!("00000000-0000-4000-8000-{n:012}").parse().unwrap() };
        let own = BTreeSet::from([record(1), record(2)]);
        assert_eq!(check_evidence(&[record(2)], &own), Ok(()));
        let wrong = check_evidence(&[record(3), record(1)], &own).unwrap_err();
        assert_eq!(wrong, [AnswerError::Evidence(record(3))]);
    }

    proptest! {
        #[test]
        fn what_fits_fits_again_in_its_plain_form(kind in 0..5_usize, text in "\\PC{0,12}|[0-9.\\-]{0,12}|yes|red") {
            let asked = question(1, QuestionKind::ALL[kind], false);
            let check = |text: &str| {
                check_answers(std::slice::from_ref(&asked), &[(asked.id, text.to_owned())], Currency::USD)
            };
            if let Ok(answers) = check(&text) && let Some(answer) = answers.first() {
                prop_assert_eq!(check(&answer.value).unwrap(), answers);
            }
        }
    }
}

//! Filing a claim: the questions that are asked by then, the answers, and the records behind them.
//!
//! In: a claim, its settlement, the newest questions, and what the person gives. Out: the claim,
//! submitted, with what goes with it; or every reason why not. Questions are replaced as a whole,
//! and older ones stay: what was filed says which of them it answers. `Debug` shows no answer.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::claim::moved_in_time;
use super::questions::{AnswerError, Answered, Question, QuestionError};
use super::{Claim, ClaimError, ClaimMove, check_answers, check_evidence};
use crate::catalog::Settlement;
use crate::types::{Currency, Instant, QuestionId, RecordId, SettlementId, UserId, Version};

/// How many questions a settlement may ask.
pub const QUESTIONS_MAX: usize = 200;
/// How many records may go with a claim.
pub const EVIDENCE_MAX: usize = 1_000;

/// The questions of a settlement, as they are asked from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionSet {
    /// The settlement.
    pub settlement_id: SettlementId,
    /// 1 for the first questions of the settlement, one more with each that replace them.
    pub version: Version,
    /// The questions.
    pub questions: Vec<Question>,
    /// When they were set.
    pub set_at: Instant,
}

/// Why questions cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionSetError {
    /// One of them.
    #[error("question {position}: {error}")]
    Question {
        /// Its place, from 1.
        position: usize,
        /// What is wrong with it.
        error: QuestionError,
    },
    /// Its id stands at an earlier place.
    #[error("question {position} has the id of an earlier one")]
    Twice {
        /// Its place, from 1.
        position: usize,
    },
    /// It is of another settlement.
    #[error("question {position} is of another settlement")]
    Foreign {
        /// Its place, from 1.
        position: usize,
    },
    /// Too many.
    #[error("a settlement asks at most {QUESTIONS_MAX} questions")]
    TooMany,
}

impl QuestionSetError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Question { error, .. } => error.code(),
            Self::Twice { .. } => "duplicate_question",
            Self::Foreign { .. } => "foreign_question",
            Self::TooMany => "too_many_questions",
        }
    }
}

impl QuestionSet {
    /// Questions to be asked from now on, instead of those that are stored. `None` where they are
    /// the stored ones.
    ///
    /// # Errors
    /// [`QuestionSetError`], of the first question that is wrong.
    pub fn replacing(
        stored: Option<&Self>,
        settlement_id: SettlementId,
        questions: Vec<Question>,
        set_at: Instant,
    ) -> Result<Option<Self>, QuestionSetError> {
        if questions.len() > QUESTIONS_MAX {
            return Err(QuestionSetError::TooMany);
        }
        let mut ids = BTreeSet::new();
        for (position, question) in (1..).zip(&questions) {
            if question.settlement_id != settlement_id {
                return Err(QuestionSetError::Foreign { position });
            }
            if !ids.insert(question.id) {
                return Err(QuestionSetError::Twice { position });
            }
            let wrong = |error| QuestionSetError::Question { position, error };
            question.check().map_err(wrong)?;
        }
        let before = stored.map_or(&[][..], |stored| &stored.questions);
        if before == questions {
            return Ok(None);
        }
        let version = stored.map_or(Version::FIRST, |stored| stored.version.next());
        Ok(Some(Self { settlement_id, version, questions, set_at }))
    }
}

/// What a person gives to file a claim.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Filing {
    /// Answers to the questions of the settlement.
    pub answers: Vec<(QuestionId, String)>,
    /// Records of the person that speak for the claim.
    pub evidence: Vec<RecordId>,
}

impl fmt::Debug for Filing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Filing");
        told.field("answers", &self.answers.len()).field("evidence", &self.evidence).finish()
    }
}

/// What was filed with a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// The person.
    pub user_id: UserId,
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The version of the questions that were answered; `None` where the settlement never asked
    /// any.
    pub questions: Option<Version>,
    /// The answers, in the order of the questions.
    pub answers: Vec<Answered>,
    /// Records of the person, by id, each once.
    pub evidence: Vec<RecordId>,
    /// When it was filed.
    pub filed_at: Instant,
}

/// Why a claim is not filed. Holds no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilingError {
    /// The claim cannot be submitted.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// Answers or records do not fit: every reason.
    #[error("the claim was not submitted: {}", told(.0))]
    Answers(Vec<AnswerError>),
    /// More records than may go with a claim.
    #[error("at most {EVIDENCE_MAX} records go with a claim")]
    TooMuchEvidence,
}

impl FilingError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Claim(error) => error.code(),
            Self::Answers(_) => "invalid_answers",
            Self::TooMuchEvidence => "too_much_evidence",
        }
    }
}

fn told(reasons: &[AnswerError]) -> String {
    let texts: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

/// What a filing is held against.
#[derive(Debug, Clone, Copy)]
pub struct FilingTerms<'a> {
    /// The settlement of the claim.
    pub settlement: &'a Settlement,
    /// What it asks by now.
    pub questions: Option<&'a QuestionSet>,
    /// The records of the claimant.
    pub own: &'a BTreeSet<RecordId>,
    /// The currency of the settlement's payments.
    pub currency: Currency,
}

/// Submits a claim with what goes with it.
///
/// # Errors
/// [`FilingError`]: that the claim cannot be submitted, or no more, because its settlement takes no
/// claims; every answer and record that does not fit is told at once.
pub fn file_claim(
    claim: &Claim,
    terms: FilingTerms<'_>,
    filing: &Filing,
    at: Instant,
) -> Result<(Claim, Filed), FilingError> {
    let FilingTerms { settlement, questions, own, currency } = terms;
    let moved = moved_in_time(claim, ClaimMove::Submit, settlement, at)?;
    let evidence: BTreeSet<RecordId> = filing.evidence.iter().copied().collect();
    if evidence.len() > EVIDENCE_MAX {
        return Err(FilingError::TooMuchEvidence);
    }
    let evidence: Vec<RecordId> = evidence.into_iter().collect();
    let of_set = questions.map_or(&[][..], |set| &set.questions);
    let answers = check_answers(of_set, &filing.answers, currency);
    let answers = match (answers, check_evidence(&evidence, own)) {
        (Ok(answers), Ok(())) => answers,
        (answers, records) => {
            let mut wrong = answers.err().unwrap_or_default();
            wrong.extend(records.err().unwrap_or_default());
            return Err(FilingError::Answers(wrong));
        }
    };
    let filed = Filed {
        user_id: claim.user_id,
        settlement_id: claim.settlement_id,
        questions: questions.map(|set| set.version),
        answers,
        evidence,
        filed_at: at,
    };
    Ok((moved, filed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::parse_settlements;
    use crate::claims::{ClaimState, QuestionKind};

    fn id<T: std::str::FromStr<Err: fmt::Debug>>(n: u32) -> T {
        format!("00000000-0000-4000-8000-{n:012}").parse().unwrap()
    }

    fn at() -> Instant {
        Instant::parse("2026-02-01T00:00:00Z").unwrap()
    }

    fn settlement() -> Settlement {
        let rule = r#"{"required_features": [], "states": []}"#;
        let id = id::<SettlementId>(9);
        let file = format!(r#"[{{"id": "{id}", "title": "One", "eligibility": {rule}}}]"#);
        parse_settlements(file.as_bytes()).unwrap().all().unwrap().remove(0)
    }

    fn question(n: u32) -> Question {
        Question {
            id: id(n),
            settlement_id: id(9),
            prompt: "Did you buy one?".to_owned(),
            kind: QuestionKind::YesNo,
            options: Vec::new(),
            order_index: 0,
            required: true,
        }
    }

    fn opened() -> Claim {
        Claim::matched(id(1), id(9), at()).moved(ClaimMove::Open, at()).unwrap()
    }

    #[test]
    fn questions_are_replaced_as_a_whole() {
        let replacing = |stored: Option<&QuestionSet>, questions: &[Question]| {
            QuestionSet::replacing(stored, id(9), questions.to_vec(), at())
        };
        let first = replacing(None, &[question(1), question(2)]).unwrap().unwrap();
        assert_eq!(first.version, Version::FIRST);
        assert_eq!(replacing(Some(&first), &first.questions), Ok(None), "the same again");
        let second = replacing(Some(&first), &[question(2)]).unwrap().unwrap();
        assert_eq!((second.version, second.questions.len()), (Version(2), 1));
        let none = replacing(Some(&second), &[]).unwrap().unwrap();
        assert_eq!((none.version, none.questions.len()), (Version(3), 0));
        assert_eq!(replacing(None, &[]), Ok(None), "there were none");
        let twice = replacing(None, &[question(1), question(1)]).unwrap_err();
        assert_eq!(twice, QuestionSetError::Twice { position: 2 });
        let foreign = Question { settlement_id: id(8), ..question(2) };
        let wrong = replacing(None, &[question(1), foreign]).unwrap_err();
        assert_eq!(wrong, QuestionSetError::Foreign { position: 2 });
        let blank = Question { prompt: " ".to_owned(), ..question(1) };
        let wrong = replacing(None, &[blank]).unwrap_err();
        assert_eq!(wrong.code(), "invalid_question_text");
        let many: Vec<Question> = (0..201).map(question).collect();
        assert_eq!(replacing(None, &many).unwrap_err().code(), "too_many_questions");
    }

    #[test]
    fn a_claim_is_filed_with_what_fits() {
        let set = QuestionSet::replacing(None, id(9), vec![question(1)], at()).unwrap().unwrap();
        let (own, settlement) = (BTreeSet::from([id(21), id(22)]), settlement());
        let terms = |questions| FilingTerms {
            settlement: &settlement,
            questions,
            own: &own,
            currency: Currency::USD,
        };
        let file = |claim: &Claim, answer: &str, evidence: &[u32]| {
            let filing = Filing {
                answers: vec![(id(1), answer.to_owned())],
                evidence: evidence.iter().map(|n| id(*n)).collect(),
            };
            file_claim(claim, terms(Some(&set)), &filing, at())
        };
        let (claim, filed) = file(&opened(), "YES", &[22, 21, 22]).unwrap();
        assert_eq!(claim.state, ClaimState::Submitted);
        assert_eq!(filed.questions, Some(Version::FIRST));
        assert_eq!(filed.answers[0].value, "yes");
        assert_eq!(filed.evidence, [id(21), id(22)]);
        let wrong = file(&opened(), "maybe", &[23]).unwrap_err();
        let reasons =
            [AnswerError::Kind(id(1), QuestionKind::YesNo), AnswerError::Evidence(id(23))];
        assert_eq!(wrong, FilingError::Answers(reasons.to_vec()));
        assert!(!wrong.to_string().contains("maybe"));
        assert_eq!(file(&claim, "yes", &[]).unwrap_err().code(), "illegal_claim_move");
        let nothing = Filing::default();
        let none = file_claim(&opened(), terms(None), &nothing, at()).unwrap().1;
        assert_eq!((none.questions, none.answers.len()), (None, 0));
        let many = Filing { evidence: (0..1_001).map(id).collect(), ..nothing };
        let wrong = file_claim(&opened(), terms(None), &many, at()).unwrap_err();
        assert_eq!(wrong, FilingError::TooMuchEvidence);
    }
}

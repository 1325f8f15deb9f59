//! Claims: where a person stands with a settlement, from the match to the money.
//!
//! In: a [`Claim`] and a [`ClaimMove`]. Out: the next [`ClaimState`], or a refusal that names both.
//! A claim that was rejected never moves again, and what an attorney pays is never reported by the
//! person: the two would contradict each other.

mod claim;
mod filing;
mod questions;
mod state;

pub use claim::{Claim, ClaimError, SelfReport, report_outcome};
pub use filing::{
    EVIDENCE_MAX, Filed, Filing, FilingError, QUESTIONS_MAX, QuestionSet, QuestionSetError,
    file_claim,
};
pub use questions::{
    ANSWER_CHARS_MAX, AnswerError, Answered, OPTIONS_MAX, Question, QuestionError, QuestionKind,
    check_answers, check_evidence,
};
pub use state::{ClaimMove, ClaimState};

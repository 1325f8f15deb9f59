//! Claims: where a person stands with a settlement, from the match to the money.
//!
//! In: a [`Claim`] and a [`ClaimMove`]. Out: the next [`ClaimState`], or a refusal that names both.
//! A claim is opened and filed only while its settlement takes claims. One that was rejected never
//! moves again, and what an attorney pays is never reported by the person: the two would contradict
//! each other.

mod claim;
mod filing;
mod questions;
mod state;
#[cfg(test)]
mod tests_in_time;

pub use claim::{Claim, ClaimError, SelfReport, open_claim, report_outcome};
pub use filing::{
    EVIDENCE_MAX, Filed, Filing, FilingError, FilingTerms, QUESTIONS_MAX, QuestionSet,
    QuestionSetError, file_claim,
};
pub use questions::{
    ANSWER_CHARS_MAX, AnswerError, Answered, OPTIONS_MAX, Question, QuestionError, QuestionKind,
    check_answers, check_evidence,
};
pub use state::{ClaimMove, ClaimState};

//! The words every stage speaks: ids, money, time, states, feature keys, confidence.
//!
//! In: text and numbers from outside. Out: values that cannot be wrong in the ways they rule out.
//! Every type here parses, and refuses what it must with an error that says what was expected.

mod column;
mod commit;
mod confidence;
mod feature_key;
mod hex;
mod id;
pub mod json;
mod money;
mod person;
mod source;
mod state;
mod time;
mod words;

pub use column::{Column, ColumnError, SharedBytes};
pub use commit::Commit;
pub use confidence::{Confidence, ConfidenceError};
pub use feature_key::{FEATURE_KEY_BYTES_MAX, FeatureKey, FeatureKeyError, FeatureKind, slug};
pub use hex::hex;
pub use id::{
    AccountId, ApprovalId, AttorneyId, BatchId, DestinationId, EventId, IdError, PayoutBatchId,
    QuestionId, RANDOM_BYTES, RecordId, RunId, SettlementId, TransferId, UserId, Version,
};
pub use money::{Currency, Money, MoneyError};
pub use person::Person;
pub use source::Source;
pub use state::{State, StateError, StateRule, StateSet};
pub(crate) use time::day_number;
pub use time::{
    Date, Deadline, Instant, TimeError, YEAR_MIN, ensure_modern, parse_date, parse_day,
};
pub(crate) use words::{lifecycle, words};

//! Mail messages as Gmail sends them, and as mailboxes keep them.
//!
//! In: message objects of the Gmail API, or RFC 5322 messages. Out: messages of the core: the
//! subject, the day and the first words. `wire` takes the provider's fields apart, `mime` reads
//! what is not JSON, and `convert` applies the rules to both; none of them does I/O.
//! Invariant: no body is kept.

pub(crate) mod convert;
pub(crate) mod mime;
pub(crate) mod wire;

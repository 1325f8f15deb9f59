//! The rules of PayMe: from what a person's bank and mail show to settlements that owe them money.
//!
//! Everything here is a pure function of its arguments. Time, ids and randomness come from the
//! caller; nothing reads a clock, a file, the network or the environment.
//!
//! The stages, in the order data flows through them; each uses [`types`], [`vectors`], [`text`]
//! and earlier stages only:
//!
//! | stage | takes | gives |
//! |---|---|---|
//! | [`catalog`] | the settlement file | settlements, a compiled index |
//! | [`sync`] | pages of bank and mail records | what changes |
//! | [`evidence`] | records | features, and the records behind each |
//! | [`matching`] | features and the index | candidates and their signals |
//! | [`ranking`] | candidates and weights | ranked, explained results |
//! | [`claims`] | what people and attorneys do | where each claim stands |
//! | [`payouts`] | approvals, batches, answers of rails | transfers, postings, facts |
//! | [`learning`] | labels and scores | measures, calibrations, decisions |
//! | [`audit`] | every decision | entries of an append-only log |
//!
//! [`ports`] are the traits through which a driver reaches the world.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that fails should say where"))]

pub mod types;

pub mod vectors;

pub mod text;

// The stages, in the order data flows through them.
pub mod catalog;

pub mod sync;

pub mod evidence;

pub mod matching;

pub mod ranking;

pub mod claims;

pub mod payouts;

pub mod learning;

pub mod audit;

pub mod ports;

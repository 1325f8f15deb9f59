//! Texts compared by their trigrams, as the `pg_trgm` extension of `PostgreSQL` defines them.
//!
//! In: names and texts of any kind. Out: [`similarity`] of two of them, in single precision, and
//! from a [`TrigramIndex`] the most similar of many names. The index gives what comparing with
//! every name gives, to the bit. Case and punctuation never change an answer.
//! Rules and formulas: `docs/rules/merchants.md`.

mod index;
mod trigram;

pub use index::{SimilarName, TrigramIndex};
pub use trigram::{Trigrams, similarity};

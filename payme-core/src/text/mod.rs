//! Texts made comparable, and compared by their trigrams as the `pg_trgm` extension of `PostgreSQL`
//! defines them.
//!
//! In: names and texts of any kind. Out: [`similarity`] of two of them, in single precision, and
//! from a [`TrigramIndex`] the most similar of many names. The index gives what comparing with
//! every name gives, to the bit. Case and punctuation never change an answer. [`fold`] gives what
//! differently written texts have in common: case, accents, forms of characters.
//! Rules and formulas: `docs/rules/merchants.md`.

mod fold;
mod index;
mod trigram;

pub use fold::{fold, is_apostrophe};
pub use index::{SimilarName, TrigramIndex};
pub use trigram::{Trigrams, similarity};

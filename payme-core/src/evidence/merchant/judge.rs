//! Judging the best candidate: the grounds to accept it, or why not.
//!
//! In: a cleaned descriptor and its candidates, the best first. Out: [`Grounds`], or a [`Why`].
//! A candidate is accepted only on grounds that unknown names hardly ever have, and never where
//! another merchant has them too:
//!
//! - *Exact*, *alias*: the letters are those of the entry.
//! - *Prefix*: the descriptor ends inside a word of the entry; or only common words are missing
//!   behind several words that say more.
//! - *Trigram*: the *telling* letters of both, that is without the common words that both begin or
//!   end with, are close enough; or all letters are, word by word.
//!
//! What words are common is data and not counted in the directory: a directory of thirty names is
//! as careful as one of a hundred thousand. The measured figures are in `docs/rules/merchants.md`.

use serde::{Deserialize, Serialize};

use super::closeness::{closeness, closeness_whole};
use super::directory::{Candidate, EntryKind, MerchantDirectory, Tier};
use super::normalise::Cleaned;
use super::token::{skeleton, squash};

/// Shorter normal forms say nothing.
const LETTERS_MIN: usize = 2;
/// A name that was cut off inside a word is told by so many letters.
const CUT_LETTERS_MIN: usize = 8;
/// So much of the second word is there if such a name ends in it.
const CUT_WORD_MIN: usize = 2;
/// A spoilt name that was cut off is told by so many letters, so close.
const SPOILT_CUT: (usize, f64) = (9, 0.91);
/// How close the telling letters have to be.
pub(super) const CLOSENESS_MIN: f64 = 0.853;
/// How close each word has to be where as many were read as the name has.
const WORD_CLOSENESS_MIN: f64 = 0.6;
/// How close a common word of a name has to be where a letter is another one.
const COMMON_CLOSENESS_MIN: f64 = 0.76;
/// The telling letters of a similar name are so many.
const TELLING_LETTERS_MIN: usize = 5;
/// A name is told by all its letters where there are so many, so close, in words so close.
const AS_A_WHOLE: (usize, f64, f64) = (8, 0.86, 0.6);
/// The next merchant is less close by so much.
const MARGIN_MIN: f64 = 0.05;

/// Why no merchant is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nothing is left of the descriptor.
    Empty,
    /// Too little is left of it.
    TooShort,
    /// What is left is a person or an account.
    Payee,
    /// Several merchants are as good.
    Ambiguous,
    /// What agrees is words that many businesses have.
    TooCommon,
    /// No merchant is close enough.
    TooUnlike,
}

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grounds {
    Own,
    Letters,
    CutName,
    Similar,
}

impl Grounds {
    /// How often answers on these grounds were right over known and unknown names:
    /// `(right + 1) / (answers + 2)`, rounded down. `docs/rules/merchants.md` says over which, and
    /// the campaign `merchants` measures how far off this is over others.
    pub(super) const fn probability(self) -> f64 {
        match self {
            Self::Own => 1.0,
            Self::Letters => 0.997,
            Self::CutName => 0.99,
            Self::Similar => 0.99,
        }
    }
}

impl MerchantDirectory {
    /// The grounds on which the best candidate is accepted.
    pub(super) fn judge(
        &self,
        cleaned: &Cleaned,
        candidates: &[Candidate],
    ) -> Result<Grounds, Why> {
        let letters = squash(&cleaned.text).chars().count();
        let (best, others) = match candidates.split_first() {
            _ if letters == 0 => return Err(Why::Empty),
            Some((best, _)) if best.entry_kind == EntryKind::Personal => return Ok(Grounds::Own),
            _ if letters < LETTERS_MIN => return Err(Why::TooShort),
            _ if cleaned.is_payee => return Err(Why::Payee),
            None => return Err(Why::TooUnlike),
            Some(split) => split,
        };
        let grounds = match best.tier {
            Tier::Exact | Tier::Alias => Grounds::Letters,
            Tier::Prefix => self.judge_prefix(best)?,
            Tier::Trigram => self.judge_similar(best)?,
        };
        if others.iter().any(|other| self.is_as_good(best, other)) {
            return Err(Why::Ambiguous);
        }
        Ok(grounds)
    }

    fn judge_prefix(&self, best: &Candidate) -> Result<Grounds, Why> {
        let read = squash(&best.read_as);
        let words: Vec<&str> = compared_words(&best.entry_text).collect();
        // How many words of the entry are there in full, and whether the next one has begun.
        let mut left = read.len();
        let mut whole = 0;
        for word in &words {
            let length = word.len();
            if length > left {
                break;
            }
            left -= length;
            whole += 1;
        }
        let (there, missing) = words.split_at(whole);
        let rest = missing.first().and_then(|word| word.get(left..)).unwrap_or_default();
        let is_long = read.chars().count() >= CUT_LETTERS_MIN;
        let goes_on = match whole {
            0 => left > 1 && missing.iter().skip(1).all(|word| self.rules().is_common(word)),
            1 => left >= CUT_WORD_MIN,
            _ => true,
        };
        // A missing `s` is not a cut: it makes another name.
        let is_cut_inside = left > 0 && rest != "s" && goes_on && is_long;
        let is_all_but_common = left == 0
            && missing.iter().all(|word| self.rules().is_common(word))
            && there.len() > 1
            && there.iter().any(|word| self.tells(word));
        let says_more = there.iter().chain(missing.first()).any(|word| self.tells(word));
        if is_all_but_common || (is_cut_inside && says_more) {
            Ok(Grounds::CutName)
        } else {
            self.judge_similar(best)
        }
    }

    fn judge_similar(&self, best: &Candidate) -> Result<Grounds, Why> {
        let (read, name) = self.telling(best);
        let [all_read, all_name] = [&best.read_as, &best.entry_text].map(|text| squash(text));
        // Where all letters agree so well, the common words count too.
        let is_as_a_whole = all_read.chars().count() >= AS_A_WHOLE.0
            && !has_another_word(best)
            && closeness_whole(&all_read, &all_name) >= AS_A_WHOLE.1
            && self.each_word_is_close(best, AS_A_WHOLE.2);
        if !(is_as_a_whole || self.says_enough(best, &read, &name)) {
            return Err(Why::TooCommon);
        }
        let shorter = read.chars().count().min(name.chars().count());
        let is_plural = is_plural_of(&name, &read) || is_plural_of(&read, &name);
        let is_other = is_plural && shorter < CUT_LETTERS_MIN;
        let is_close = is_as_a_whole || self.is_close(best, &read, &name);
        // Hardly any name loses its first letter.
        if is_other || !is_close || all_read.chars().next() != all_name.chars().next() {
            Err(Why::TooUnlike)
        } else {
            Ok(Grounds::Similar)
        }
    }

    /// Whether the telling letters of what was read and of the name are close enough.
    fn is_close(&self, best: &Candidate, read: &str, name: &str) -> bool {
        let is_spoilt = || {
            read.chars().next() == name.chars().next()
                && !has_another_word(best)
                && closeness_whole(read, name) >= CLOSENESS_MIN
                && self.each_word_is_close(best, WORD_CLOSENESS_MIN)
        };
        let is_spoilt_and_cut = || {
            read.chars().count() >= SPOILT_CUT.0
                && closeness(read, name) >= SPOILT_CUT.1
                && self.is_cut(best)
        };
        read == skeleton(name) || is_spoilt() || is_spoilt_and_cut()
    }

    /// Whether the telling letters are enough to tell a name by.
    fn says_enough(&self, best: &Candidate, read: &str, name: &str) -> bool {
        let shorter = read.chars().count().min(name.chars().count());
        // Without vowels, four letters will do beside common words that are there as well.
        let is_backed = squash(&best.read_as).len() >= AS_A_WHOLE.0;
        let is_bare = shorter + 1 >= TELLING_LETTERS_MIN && is_backed && read == skeleton(name);
        let is_same = read == name && self.says_more(&best.entry_text);
        // `frst` may be `first` before it is `Frost`.
        let is_common = self.rules().is_short_for_common(read) && !self.rules().is_common(name);
        !is_common && (shorter >= TELLING_LETTERS_MIN || is_bare || is_same)
    }

    /// Whether another merchant has the same grounds, or nearly.
    fn is_as_good(&self, best: &Candidate, other: &Candidate) -> bool {
        match best.tier {
            Tier::Exact | Tier::Alias => other.tier == best.tier && other.read_as == best.read_as,
            Tier::Prefix => other.tier == Tier::Prefix && self.judge_prefix(other).is_ok(),
            Tier::Trigram => {
                let closeness = |one: &Candidate| {
                    let (read, name) = self.telling(one);
                    closeness_whole(&read, &name)
                };
                closeness(best) - closeness(other) < MARGIN_MIN
            }
        }
    }

    /// The letters of what was read and of the entry, without the common words that both begin or
    /// end with.
    fn telling(&self, candidate: &Candidate) -> (String, String) {
        let texts = [&candidate.read_as, &candidate.entry_text];
        let [mut read, mut name] = texts.map(|text| squash(text));
        let words = texts.iter().flat_map(|text| text.split(' '));
        let common: Vec<&str> = words.filter(|word| self.rules().is_common(word)).collect();
        let without = |read: &str, name: &str| {
            let joined = self.rules().common_end(name, read);
            common.iter().copied().chain(joined).find_map(|word| {
                let is_short = |short: &String| candidate.read_as.split(' ').any(|w| w == short);
                let short =
                    Some(skeleton(word)).filter(is_short).unwrap_or_else(|| word.to_owned());
                let end = |word: &str| read.strip_suffix(word);
                let begin = |word: &str| read.strip_prefix(word);
                let ends = end(word).or_else(|| end(&short)).zip(name.strip_suffix(word));
                let begins = || begin(word).or_else(|| begin(&short)).zip(name.strip_prefix(word));
                let (read, name) = ends.or_else(begins)?;
                let is_left = !read.is_empty() && !name.is_empty();
                is_left.then(|| (read.to_owned(), name.to_owned()))
            })
        };
        while let Some(rest) = without(&read, &name) {
            (read, name) = rest;
        }
        (read, name)
    }

    /// Whether what was read ends before the entry does, and only common words are missing.
    fn is_cut(&self, best: &Candidate) -> bool {
        let read: Vec<&str> = best.read_as.split(' ').collect();
        let name: Vec<&str> = best.entry_text.split(' ').collect();
        let Some((there, missing)) = name.split_at_checked(read.len()) else { return false };
        let is_there = |(read, name): (&&str, &&str)| {
            name.starts_with(read) || self.is_spoilt(read, name, WORD_CLOSENESS_MIN)
        };
        let ends = read.last().zip(there.last());
        let is_begun =
            ends.is_some_and(|(read, name)| name.len() > read.len() && name.starts_with(read));
        read.len() > 1
            && read.last().is_some_and(|last| last.len() >= CUT_WORD_MIN)
            && read.iter().zip(there).all(is_there)
            && (is_begun || !missing.is_empty())
            && missing.iter().all(|word| self.rules().is_common(word))
    }

    /// Whether a word can be a spoilt one of a name. Names differ by their common words more often
    /// than these are spoilt, so `Verton Rental` is not `Verton Dental`, nor `Pelhurst Boots`
    /// `Pelhurst Books`; that letters are left out, as in `mkt`, says nothing.
    fn is_spoilt(&self, read: &str, name: &str, least: f64) -> bool {
        let is_exact = self.rules().is_common(name) && !is_shortened(read, name);
        let least = if is_exact { least.max(COMMON_CLOSENESS_MIN) } else { least };
        closeness(read, name) >= least && !self.rules().is_common(read)
    }

    /// Whether no word of a name is another one, where there are as many words as there were read.
    fn each_word_is_close(&self, candidate: &Candidate, least: f64) -> bool {
        let [read, name] =
            [&candidate.read_as, &candidate.entry_text].map(|text| compared_words(text));
        let pairs: Vec<(&str, &str)> = read.clone().zip(name.clone()).collect();
        let is_aligned = read.count() == pairs.len() && name.count() == pairs.len();
        let is_close =
            |(read, name): &(&str, &str)| read == name || self.is_spoilt(read, name, least);
        !is_aligned || pairs.iter().all(is_close)
    }

    /// Whether a word is long and not common.
    fn tells(&self, word: &str) -> bool {
        word.chars().count() >= TELLING_LETTERS_MIN && !self.rules().is_common(word)
    }

    /// Whether a text has a word that is not common, of more than a letter or two.
    fn says_more(&self, text: &str) -> bool {
        text.split(' ')
            .any(|word| word.chars().count() > LETTERS_MIN && !self.rules().is_common(word))
    }
}

/// Whether what was read has more words than the name, and more letters than a typo adds: the name
/// and another word are another name.
fn has_another_word(candidate: &Candidate) -> bool {
    let [read, name] = [&candidate.read_as, &candidate.entry_text].map(|text| {
        let words = compared_words(text);
        (words.clone().count(), words.map(str::len).sum::<usize>())
    });
    read.0 > name.0 && read.1 > name.1 + 1
}

/// Whether a word has some letters of another, in their order.
fn is_shortened(short: &str, word: &str) -> bool {
    let mut letters = word.chars();
    short.chars().all(|letter| letters.any(|of_word| of_word == letter))
}

/// The words of a text that do not come and go.
fn compared_words(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split(' ').filter(|word| !matches!(*word, "the" | "and"))
}

/// `Clark` and `Clarks` are two businesses.
fn is_plural_of(plural: &str, word: &str) -> bool {
    plural.strip_suffix('s') == Some(word)
}

//! Running a rule that is more than the simple form, on a person in columns.
//!
//! In: the words that `catalog/index/program.rs` writes. Out: the judgement that the plain tree
//! walk of `plain.rs` gives. Words that cannot be read are `not_met`; nothing here allocates.

use super::sighting::DayRange;
use super::truth::{
    Connective, FeatureBounds, Judgement, PurchaseBounds, Truth, UNANSWERED, age_truth,
    feature_truth, purchases_truth, states_truth,
};
use crate::catalog::program::{AGE, ALL, ANY, ASK, FEATURE, NONE, PURCHASES, STATES};
use crate::types::Date;

use super::session::Bound;

/// Levels of connectives that are followed; rules are refused long before.
const DEPTH_MAX: u32 = 100;

const UNREADABLE: Judgement = Judgement::plain(Truth::NotMet);

/// The judgement of the rule that begins at the first word.
pub(super) fn run(words: &[u32], person: &Bound<'_>, period: DayRange) -> Judgement {
    Reader { words, at: 0, person, period }.node(DEPTH_MAX).unwrap_or(UNREADABLE)
}

struct Reader<'a> {
    words: &'a [u32],
    at: usize,
    person: &'a Bound<'a>,
    period: DayRange,
}

impl Reader<'_> {
    fn node(&mut self, depth: u32) -> Option<Judgement> {
        match self.word()? {
            ALL => self.parts(Connective::All, depth),
            ANY => self.parts(Connective::Any, depth),
            NONE => self.parts(Connective::None, depth),
            FEATURE => self.feature(),
            STATES => {
                let truth = states_truth(self.long()?, self.person.view.state_bit);
                Some(Judgement::plain(truth))
            }
            AGE => self.age(),
            PURCHASES => self.purchases(),
            ASK => Some(UNANSWERED),
            _ => None,
        }
    }

    fn parts(&mut self, connective: Connective, depth: u32) -> Option<Judgement> {
        let depth = depth.checked_sub(1)?;
        let end = self.word()? as usize;
        let mut fold = connective.start();
        while self.at < end {
            fold.add(self.node(depth)?);
        }
        Some(fold.end())
    }

    fn feature(&mut self) -> Option<Judgement> {
        let feature = self.word()?;
        let bounds = FeatureBounds {
            min_confidence: f64::from_bits(self.long()?),
            min_count: self.word()?,
            in_class_period: self.word()? != 0,
        };
        let Some(slot) = self.person.slot(feature) else { return Some(UNREADABLE) };
        let sightings = self.person.view.sightings(slot);
        let truth = feature_truth(&bounds, self.period, slot.belief, sightings);
        Some(Judgement::of_evidence(truth, slot.belief))
    }

    fn age(&mut self) -> Option<Judgement> {
        let years = (self.word()?, self.word()?);
        let [year, month, day] = [self.word()?, self.word()?, self.word()?];
        let on = if year == 0 {
            self.person.today
        } else {
            let (year, month) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?);
            Date::new(year, month, i8::try_from(day).ok()?).ok()?
        };
        Some(Judgement::plain(age_truth(years, on, self.person.view.born)))
    }

    fn purchases(&mut self) -> Option<Judgement> {
        let feature = self.word()?;
        let bounds = PurchaseBounds {
            days: DayRange { from: self.word()?.cast_signed(), to: self.word()?.cast_signed() },
            count: (self.word()?, self.word()?),
            cents: (self.long()?.cast_signed(), self.long()?.cast_signed()),
        };
        let Some(slot) = self.person.slot(feature) else {
            return Some(Judgement::plain(purchases_truth(&bounds, [])));
        };
        let truth = purchases_truth(&bounds, self.person.view.sightings(slot));
        Some(Judgement::of_evidence(truth, slot.belief))
    }

    fn word(&mut self) -> Option<u32> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word
    }

    fn long(&mut self) -> Option<u64> {
        let (low, high) = (self.word()?, self.word()?);
        Some(u64::from(low) | u64::from(high) << 32)
    }
}

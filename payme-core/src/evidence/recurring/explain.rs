//! What a stream rests on, and what would have changed it, found by leaving charges out.

use jiff::civil::Date;

use super::{Charge, LISTED_FROM, Status, Stream, streams_from};
use crate::types::RecordId;

/// Streams of up to this many charges are asked about each of them.
const EACH_ASKED_MAX: usize = 6;

/// What a stream rests on, and what would have changed it.
///
/// Debug shows records and numbers only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The records it rests on, by date.
    pub rests_on: Vec<RecordId>,
    /// Records without any single one of which none of the others would be in a stream; asked
    /// for streams of up to six charges.
    pub decisive: Vec<RecordId>,
    /// So many of its oldest charges make a stream when no charge comes after them: the fewest up
    /// to six, and then the first of 9, 13, 19, ... that does.
    pub enough: usize,
    /// How many more charges make it mature, and the day near which the first of them is due.
    pub to_maturity: Option<(usize, Date)>,
    /// Without a charge until this day it counts as cancelled.
    pub lives_until: Date,
}

impl Explanation {
    /// The explanation in sentences, without names or amounts.
    pub fn sentences(&self) -> Vec<String> {
        let mut said = vec![format!(
            "It rests on {} charges; the first {} of them were enough to find it.",
            self.rests_on.len(),
            self.enough
        )];
        if !self.decisive.is_empty() {
            let ids: Vec<String> = self.decisive.iter().map(ToString::to_string).collect();
            said.push(format!("It would be no stream without {}.", ids.join(", or without ")));
        }
        if let Some((more, near)) = self.to_maturity {
            let charges = if more == 1 { "One more charge" } else { "More charges" };
            said.push(format!("{charges} near {near} would make it mature."));
        }
        let lives_until = self.lives_until;
        said.push(format!(
            "After {lives_until} it counts as cancelled, unless a charge comes first."
        ));
        said
    }
}

/// Says what a stream rests on and what would have changed it.
///
/// `charges` are those that the stream was found in. What is said was tried: the streams of its
/// merchant are found again without the charges in question.
pub fn explain(charges: &[Charge<'_>], stream: &Stream) -> Explanation {
    let own: Vec<Charge<'_>> = charges
        .iter()
        .filter(|charge| {
            let currency = charge.amount.map(crate::types::Money::currency);
            charge.merchant == stream.merchant() && currency == Some(stream.currency())
        })
        .copied()
        .collect();
    let rests_on: Vec<RecordId> = stream.records().collect();
    let asked = if rests_on.len() <= EACH_ASKED_MAX { rests_on.as_slice() } else { &[] };
    let is_decisive = |record: &&RecordId| {
        let without: Vec<_> = own.iter().filter(|one| one.id != **record).copied().collect();
        !has_any(&without, &rests_on)
    };
    let decisive = asked.iter().filter(is_decisive).copied().collect();
    let is_enough = |count: &usize| {
        let (kept, _) = rests_on.split_at(*count);
        let last = stream.occurrences().get(count.saturating_sub(1)).map(|one| one.date);
        let early = own.iter().filter(|one| Some(one.date) < last || kept.contains(&one.id));
        let early: Vec<_> = early.copied().collect();
        has_any(&early, kept)
    };
    let tried = std::iter::successors(Some(2), |count: &usize| {
        Some(if *count < EACH_ASKED_MAX { count + 1 } else { count + count / 2 })
    });
    let mut tried = tried.take_while(|count| *count < rests_on.len());
    let enough = tried.find(is_enough).unwrap_or(rests_on.len());
    let needed = stream.cadence().kind().charges_when_mature();
    let more = needed.saturating_sub(rests_on.len());
    let near = stream.next_expected(stream.last_date());
    let is_early = stream.status(stream.last_date()) == Status::EarlyDetection;
    Explanation {
        rests_on,
        decisive,
        enough,
        to_maturity: near.filter(|_| is_early).map(|near| (more, near)),
        lives_until: stream.lives_until(),
    }
}

/// Whether a stream among these charges rests on any of the records.
fn has_any(charges: &[Charge<'_>], records: &[RecordId]) -> bool {
    let streams = streams_from(charges, LISTED_FROM);
    streams.iter().flat_map(Stream::records).any(|record| records.contains(&record))
}

//! Trackers: whether merged records are of one settlement, and whether phrases are read right.
//!
//! Settlements of made-up companies are drawn from a seed. One company in two has two, in two of
//! five cases of the same matter; names share words; one settlement in five stands on the site of
//! an administrator beside others. Each is written about by one to three sources, in other words
//! each time: 8 % of the rows hold the menu of a page in place of a text, 8 % have no link, 10 % no
//! deadline, and 3 % of the deadlines are another day.
//!
//! The phrases are drawn from forms that the readers were written for, in many combinations, and in
//! 5 % from forms that they do not know: the figures guard against change, and do not say how
//! often trackers write in these forms.
//!
//! A merged pair is *right* when both rows are of one settlement. A fact is *right* when it is the
//! one the row was written from, *wrong* when it is another, and neither when it is unknown. Facts
//! that a row was written without are wrong if anything is read.

use std::collections::BTreeMap;

use payme_core::catalog::Predicate;
use payme_core::catalog::tracker::{
    Audience, Observation, Outcome, RowKey, TrackerExport, TrackerState, observe, parse_tracker,
    plan_tracker,
};
use payme_core::types::Date;
use serde_json::{Value, json};

use super::figure::{Bound, Figure, Size};
use world::{Truth, Written};

#[path = "trackers/world.rs"]
mod world;

const SEED: u64 = 20_260_412;

/// Runs the campaign.
pub(crate) fn run(size: Size) -> Vec<Figure> {
    let count = match size {
        Size::Small => 300,
        Size::Full => 6_000,
    };
    let mut told = Told::default();
    // A tracker has some hundreds of rows: each block of settlements is one.
    for block in 0..count / 300 {
        told.block(block * 300..(block + 1) * 300);
    }
    told.figures()
}

/// How often one kind of fact was right, left open, and wrong.
#[derive(Default, Clone, Copy)]
struct Read {
    right: usize,
    wrong: usize,
    all: usize,
}

impl Read {
    /// Compares what was read with what was written; both may be nothing.
    fn judge<T: PartialEq>(&mut self, read: Option<T>, written: Option<T>) {
        self.all += 1;
        match (read, written) {
            (None, Some(_)) => {}
            (read, written) if read == written => self.right += 1,
            _ => self.wrong += 1,
        }
    }
}

#[derive(Default)]
struct Told {
    merged: usize,
    merged_right: usize,
    pairs: usize,
    pairs_merged: usize,
    pairs_review: usize,
    facts: [Read; 5],
    shown: usize,
    shown_wrong: usize,
}

impl Told {
    fn block(&mut self, numbers: std::ops::Range<usize>) {
        let mut rows = Vec::new();
        let mut truths = BTreeMap::new();
        for number in numbers {
            let truth = Truth::draw(SEED, number);
            for source in 0..1 + number % 3 {
                let written = truth.write(SEED, number, source);
                self.read(&truth, &written);
                rows.push(written.row);
            }
            truths.insert(number, truth);
        }
        let bytes = json!(rows).to_string();
        let file = parse_tracker(bytes.as_bytes()).unwrap_or_default();
        let latest = Date::constant(2026, 3, 1);
        let Ok(export) = TrackerExport::new("made-up", None, file, latest) else { return };
        let plan = plan_tracker(&TrackerState::default(), &BTreeMap::new(), &[export]);
        let number = |row: &str| -> usize {
            let name = row.rsplit('/').next().unwrap_or_default();
            name.trim_start_matches('s').split('-').next().and_then(|n| n.parse().ok()).unwrap_or(0)
        };
        // Every two rows that ended in one settlement are a merge, however they came together.
        let mut groups: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let mut rows_of: BTreeMap<usize, usize> = BTreeMap::new();
        for row in &plan.report.rows {
            let name = row.row.as_deref().unwrap_or_default();
            if let Outcome::Imported { settlement } | Outcome::Merged { settlement, .. } =
                row.outcome
            {
                groups.entry(settlement).or_default().push(number(name));
                *rows_of.entry(number(name)).or_default() += 1;
            }
        }
        for group in groups.values() {
            for (nth, a) in group.iter().enumerate() {
                let others = group.iter().skip(nth + 1);
                self.merged += others.len();
                self.merged_right += others.filter(|b| *b == a).count();
            }
        }
        self.pairs += rows_of.values().map(|rows| rows * (rows - 1) / 2).sum::<usize>();
        self.pairs_merged = self.merged_right;
        // Every two rows of a group are for a person, but those that are one settlement already.
        let mut merged: BTreeMap<String, _> = BTreeMap::new();
        for row in &plan.report.rows {
            if let (
                Some(name),
                Outcome::Imported { settlement } | Outcome::Merged { settlement, .. },
            ) = (&row.row, &row.outcome)
            {
                merged.insert(format!("{}/{name}", row.tracker), *settlement);
            }
        }
        for group in &plan.report.review {
            for (nth, a) in group.members.iter().enumerate() {
                let others = group.members.iter().skip(nth + 1);
                let of_one =
                    |b: &&String| number(a) == number(b) && merged.get(a) != merged.get(*b);
                self.pairs_review += others.filter(of_one).count();
            }
        }
        // A rule that asks nothing has to be of a class in which a purchase is all that counts.
        for one in &plan.settlements {
            let mut asks = false;
            one.eligibility.in_force().visit(&mut |part| asks |= matches!(part, Predicate::Ask(_)));
            if !asks {
                let fact = one.provenance.as_ref().and_then(|from| from.sources.first());
                let truth = fact.and_then(|fact| truths.get(&number(&fact.row)));
                self.shown += 1;
                self.shown_wrong += usize::from(!truth.is_some_and(Truth::is_plain));
            }
        }
    }

    /// Reads one row and compares what it says.
    fn read(&mut self, truth: &Truth, written: &Written) {
        let bytes = json!([written.row]).to_string();
        let Some(placed) = parse_tracker(bytes.as_bytes()).ok().and_then(|mut f| f.rows.pop())
        else {
            return;
        };
        let key = RowKey { tracker: "made-up".to_owned(), row: placed.row.id.clone() };
        let day = Date::constant(2026, 3, 1);
        let Ok(row) = observe(&key, &placed.row, day) else { return };
        let says = |text: &str| Some(text.to_owned()).filter(|_| written.has_text);
        let [payout, period, states, states_out, audience] = &mut self.facts;
        let (min, max) = cents(&row);
        let is_stated = written.row["estimated_payout"] != json!("Varies");
        let of_claim = |cents: Option<usize>| cents.filter(|_| is_stated);
        let expected = (of_claim(truth.cents().0), of_claim(truth.cents().1));
        payout.judge(some(min, max), some(expected.0, expected.1));
        let expected = truth.period.filter(|_| written.has_text);
        let expected = expected.map(|(from, to)| format!("{} {}", from.iso(), to.iso()));
        let found = row.value("class_period").map(|value| {
            let text = |name: &str| value[name].as_str().unwrap_or("_").to_owned();
            format!("{} {}", text("start"), text("end"))
        });
        period.judge(found, expected);
        let list = |field: &str| row.value(field).map(Value::to_string);
        let code = |code: Option<&str>| code.and_then(says).map(|code| json!([code]).to_string());
        // A title names its state, too, whether or not there is a text.
        let (within, outside) = truth.states();
        let in_title = placed.row.title.contains('(');
        let within_said = within.filter(|_| written.has_text || in_title);
        states.judge(list("states"), within_said.map(|code| json!([code]).to_string()));
        states_out.judge(list("states_out"), code(outside));
        let expected =
            says(truth.audience().as_str()).filter(|_| truth.audience() != Audience::Unknown);
        audience.judge(list("audience"), expected.map(|word| json!(word).to_string()));
        debug_assert!(truth.deadline().is_none_or(|day| day.len() == 10));
    }

    fn figures(&self) -> Vec<Figure> {
        let mut out = vec![
            Figure::share(
                "merged pairs that are of one settlement",
                self.merged_right,
                self.merged,
                Bound::AtLeast(0.99),
            ),
            Figure::share(
                "pairs of one settlement that were merged",
                self.pairs_merged,
                self.pairs,
                Bound::Told,
            ),
            Figure::share(
                "pairs of one settlement that are for a person",
                self.pairs_review,
                self.pairs,
                Bound::Told,
            ),
        ];
        let names = [
            ("payouts read right", "payouts read wrong"),
            ("class periods read right", "class periods read wrong"),
            ("states read right", "states read wrong"),
            ("excluded states read right", "excluded states read wrong"),
            ("audiences read right", "audiences read wrong"),
        ];
        for ((right, wrong), read) in names.into_iter().zip(self.facts) {
            out.push(Figure::share(right, read.right, read.all, Bound::AtLeast(0.9)));
            out.push(Figure::share(wrong, read.wrong, read.all, Bound::AtMost(0.01)));
        }
        out.push(Figure::share(
            "rules that ask nothing although a purchase is not enough",
            self.shown_wrong,
            self.shown,
            Bound::AtMost(0.0),
        ));
        out
    }
}

fn some<T>(min: Option<T>, max: Option<T>) -> Option<(Option<T>, Option<T>)> {
    (min.is_some() || max.is_some()).then_some((min, max))
}

/// What one claim pays, as a row is read.
fn cents(row: &Observation) -> (Option<usize>, Option<usize>) {
    let Some(payout) = row.value("payout") else { return (None, None) };
    let kind = payout["kind"].as_str().unwrap_or_default();
    if !["exact", "range", "floor", "cap"].contains(&kind) {
        return (None, None);
    }
    let cents = |name: &str| payout[name].as_u64().and_then(|cents| usize::try_from(cents).ok());
    (cents("min_cents"), cents("max_cents"))
}

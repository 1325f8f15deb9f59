//! One settlement of a world, in the form of the settlement file.

use serde::Serialize;

use super::random::{Purpose, Stream};
use super::vocabulary::{Vocabulary, Word};
use super::{Shape, TODAY, WorldSpec, day};

const STATES: [&str; 51] = [
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL", "IN",
    "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE", "NH", "NJ",
    "NM", "NV", "NY", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VT", "WA",
    "WI", "WV", "WY",
];

/// The four states with the most people; four of ten people here live in one of them.
const LARGE_STATES: [&str; 4] = ["CA", "TX", "FL", "NY"];

const MATTERS: [&str; 8] = [
    "Data Breach",
    "Hidden Fees",
    "Automatic Renewal",
    "False Advertising",
    "Unwanted Calls",
    "Defective Product",
    "Overdraft Fees",
    "Price Fixing",
];

const ZONES: [&str; 4] =
    ["America/New_York", "America/Chicago", "America/Los_Angeles", "Pacific/Honolulu"];

/// Payouts in cents before they are spread out.
const PAYOUTS: [usize; 10] =
    [500, 1_000, 1_500, 2_500, 5_000, 7_500, 10_000, 25_000, 100_000, 1_000_000];

/// A row of the settlement file. The order of the fields is the order in the file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SettlementRow {
    id: String,
    title: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<String>,
    website_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payout_min_cents: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payout_max_cents: Option<usize>,
    covered_brands: Vec<String>,
    aliases: Vec<String>,
    tags: Vec<String>,
    summary_text: String,
    eligibility_text: String,
    eligibility: Rule,
    #[serde(skip_serializing_if = "Option::is_none")]
    class_period: Option<Period>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
struct Rule {
    required_features: Vec<String>,
    states: Vec<&'static str>,
}

#[derive(Debug, Clone, Serialize)]
struct Period {
    start: String,
    end: String,
}

impl SettlementRow {
    /// The settlement of a number. The shares are those of [`super::World`].
    pub(crate) fn generate(spec: &WorldSpec, number: usize, vocabulary: &Vocabulary) -> Self {
        let stream = &mut Stream::new(spec.seed, Purpose::Settlement, number);
        let words = required(stream, spec.shape, vocabulary);
        let matter = stream.pick(&MATTERS);
        let brands: Vec<String> = words.iter().filter_map(|word| word.merchant.clone()).collect();
        let who = if brands.is_empty() { "Consumer".to_owned() } else { brands.join(" and ") };
        let site = format!("https://settlement-{number}.example/");
        let (payout_min_cents, payout_max_cents) = payout(stream);
        let class_period = stream.percent(50).then(|| class_period(stream));
        Self {
            id: stream.uuid(),
            title: format!("{who} {matter} Settlement {number}"),
            status: stream.share(&[
                (92, "open"),
                (4, "closed"),
                (2, "pending"),
                (1, "paid"),
                (1, "cancelled"),
            ]),
            deadline: deadline(stream),
            claim_url: stream.percent(85).then(|| format!("{site}claim")),
            website_url: site,
            payout_min_cents,
            payout_max_cents,
            aliases: match brands.first() {
                Some(brand) if stream.percent(20) => vec![format!("{brand} Holdings")],
                _ => Vec::new(),
            },
            tags: vec![matter.to_lowercase()],
            summary_text: format!("{who} agreed to pay customers over {}.", matter.to_lowercase()),
            eligibility_text: format!("You may be part of it if you were a customer of {who}."),
            covered_brands: brands,
            eligibility: Rule {
                required_features: words.iter().map(|word| word.key.to_string()).collect(),
                states: states(stream),
            },
            class_period,
            proof: stream.share(&[
                (20, None),
                (50, Some("none")),
                (20, Some("optional")),
                (10, Some("required")),
            ]),
        }
    }
}

/// The state of a person.
pub(crate) fn home_state(stream: &mut Stream) -> &'static str {
    if stream.percent(40) { stream.pick(&LARGE_STATES) } else { stream.pick(&STATES) }
}

fn required<'a>(stream: &mut Stream, shape: Shape, vocabulary: &'a Vocabulary) -> Vec<&'a Word> {
    let count = match shape {
        Shape::Steep => stream.share(&[(4, 0), (60, 1), (26, 2), (10, 3)]),
        Shape::Flat => stream.share(&[(64, 1), (26, 2), (10, 3)]),
    };
    let all = vocabulary.words();
    let mut words: Vec<&Word> = Vec::with_capacity(count);
    while words.len() < count.min(all.len()) {
        let word = &all[vocabulary.draw(stream)];
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

fn states(stream: &mut Stream) -> Vec<&'static str> {
    if stream.percent(60) {
        return Vec::new();
    }
    let count = stream.share(&[(60, 1), (20, 2), (10, 5), (10, 12)]);
    let mut states: Vec<&str> = Vec::with_capacity(count);
    while states.len() < count {
        let state = home_state(stream);
        if !states.contains(&state) {
            states.push(state);
        }
    }
    states
}

fn payout(stream: &mut Stream) -> (Option<usize>, Option<usize>) {
    match stream.below(100) {
        0..15 => (None, None),
        15..20 => (None, Some(0)),
        _ => {
            let max = stream.pick(&PAYOUTS) * stream.between(80, 120) / 100;
            (stream.percent(50).then(|| max / stream.between(1, 10)), Some(max))
        }
    }
}

fn deadline(stream: &mut Stream) -> Option<String> {
    if stream.percent(10) {
        return None;
    }
    let date = day(TODAY, stream.between(0, 360), 60);
    Some(match stream.below(100) {
        0..70 => format!("{date}T23:59:59Z"),
        70..75 => format!("{date}T23:59:59-05:00"),
        _ => format!("{date}[{}]", stream.pick(&ZONES)),
    })
}

fn class_period(stream: &mut Stream) -> Period {
    let start = day(TODAY, 0, stream.between(400, 4_000));
    let end = day(start, stream.between(0, 1_500), 0).min(TODAY);
    Period { start: start.to_string(), end: end.to_string() }
}

//! Matching a second time, from `docs/rules/matching.md` and the text of the files alone.
//!
//! Nothing of the engine is used: plain loops over every settlement, JSON values, formulas as
//! they are written, from left to right. It is slow, and it is the answer that the engine has to
//! give. It knows the simple form of eligibility and the baseline signals.
#![expect(clippy::expect_used, reason = "a file that is not what it must be ends the test")]

use jiff::{Timestamp, civil, tz};
use serde_json::{Value, json};

/// Scores and signals may differ by this much.
const TOLERANCE: f64 = 1e-12;

/// How to match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// `rules_only`, `rules_vector` or `rules_vector_ranker`.
    pub(crate) variant: &'a str,
    /// The weight of each signal, in the order of the rules.
    pub(crate) weights: [f64; 5],
    /// The time of matching.
    pub(crate) now: &'a str,
    /// Whether closed settlements are considered.
    pub(crate) include_closed: bool,
    /// How many results, and how many near misses.
    pub(crate) top_n: usize,
    /// Whether near misses are reported.
    pub(crate) near_misses: bool,
}

/// The default weights, in the order of the rules.
pub(crate) const WEIGHTS: [f64; 5] = [0.65, 0.20, 0.10, 0.03, 0.02];

/// The answer for one user, in the form that `payme match` prints.
pub(crate) fn answer(settlements: &[Value], user: &Value, question: &Question<'_>) -> Value {
    let now: Timestamp = question.now.parse().expect("an instant");
    let keys = texts(&user["features"], |feature| &feature["key"]);
    let (mut eligible, mut near) = (Vec::new(), Vec::new());
    for settlement in settlements {
        if !question.include_closed && !is_open(settlement, now) {
            continue;
        }
        let rule = &settlement["eligibility"];
        let required = texts(&rule["required_features"], |key| key);
        let states = texts(&rule["states"], |state| state);
        let (has, lacks): (Vec<&str>, Vec<&str>) =
            required.iter().partition(|key| keys.contains(key));
        if !required.is_empty() && has.is_empty() {
            continue;
        }
        let state_passes = states.is_empty()
            || user["state"].as_str().is_some_and(|state| states.contains(&state));
        let mut missing = lacks;
        if !state_passes {
            missing.push("state");
        }
        let list = if missing.is_empty() { &mut eligible } else { &mut near };
        list.push(result(settlement, &has, required.len(), state_passes, &missing, question));
    }
    let candidate_count = eligible.len();
    let results = best(eligible, question.top_n);
    let mut answer = json!({
        "user_id": user["user_id"],
        "variant": question.variant,
        "candidate_count": candidate_count,
        "result_count": results.len(),
        "results": results,
    });
    if question.near_misses {
        answer["near_misses"] = Value::Array(best(near, question.top_n));
    }
    answer
}

/// What differs between two JSON values, numbers within 1e-12 being the same.
///
/// # Errors
/// The path of the first difference, and what stands on each side.
pub(crate) fn same(expected: &Value, got: &Value) -> Result<(), String> {
    same_at("$", expected, got)
}

fn same_at(path: &str, expected: &Value, got: &Value) -> Result<(), String> {
    let different = || Err(format!("{path}: expected {expected}, got {got}"));
    match (expected, got) {
        (Value::Number(a), Value::Number(b)) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) if (a - b).abs() <= TOLERANCE => Ok(()),
            _ => different(),
        },
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.try_for_each(|(i, (a, b))| same_at(&format!("{path}[{i}]"), a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            if let Some(name) = b.keys().find(|name| !a.contains_key(*name)) {
                return Err(format!("{path}: {name} is not expected"));
            }
            a.iter().try_for_each(|(name, value)| match b.get(name) {
                Some(other) => same_at(&format!("{path}.{name}"), value, other),
                None => Err(format!("{path}: {name} is missing")),
            })
        }
        _ if expected == got => Ok(()),
        _ => different(),
    }
}

fn texts<'a>(list: &'a Value, text: impl Fn(&'a Value) -> &'a Value) -> Vec<&'a str> {
    list.as_array().into_iter().flatten().filter_map(|item| text(item).as_str()).collect()
}

fn is_open(settlement: &Value, now: Timestamp) -> bool {
    let status = settlement["status"].as_str().unwrap_or("open");
    let deadline = settlement["deadline"].as_str().map(last_moment);
    status == "open" && deadline.is_none_or(|last| last >= now)
}

/// The last moment of a deadline: the instant, or the last microsecond of the day in the zone.
pub(crate) fn last_moment(deadline: &str) -> Timestamp {
    match deadline.trim_end_matches(']').split_once('[') {
        None => deadline.parse().expect("an instant"),
        Some((day, zone)) => {
            let day: civil::Date = day.parse().expect("a date");
            let zone = tz::TimeZone::get(zone).expect("a zone");
            let end = day.at(23, 59, 59, 999_999_000).to_zoned(zone);
            end.expect("a moment of our days").timestamp()
        }
    }
}

fn result(
    settlement: &Value,
    has: &[&str],
    required: usize,
    state_passes: bool,
    missing: &[&str],
    question: &Question<'_>,
) -> Value {
    let number = |n: usize| f64::from(u32::try_from(n).expect("a small number"));
    let (m, r) = (number(has.len()), number(required));
    let mut rules = 0.4 + 0.4 * m / 1.0_f64.max(r);
    if state_passes {
        rules += 0.2;
    }
    let similarity = 1.0_f64.min(0.3 + 0.15 * m);
    let p = match settlement["payout_max_cents"].as_f64() {
        None => 1000.0,
        Some(max) if max < 1.0 => 1000.0,
        Some(max) => max,
    };
    let payout = 1.0_f64.min(p / 10_000.0);
    let urgency = if settlement["deadline"].is_null() { 0.3 } else { 0.7 };
    let ease = if settlement["claim_url"].is_null() { 0.4 } else { 0.8 };
    let signals = [rules, similarity, payout, urgency, ease];
    let score = match question.variant {
        "rules_only" => rules,
        "rules_vector" => 0.85 * rules + 0.15 * similarity,
        _ => (0..5).fold(0.0, |sum, i| sum + question.weights[i] * signals[i]),
    };
    let score = score.clamp(0.0, 1.0);
    json!({
        "settlement_id": settlement["id"],
        "score": score,
        "signals": {
            "rules_confidence": rules,
            "similarity": similarity,
            "payout": payout,
            "urgency": urgency,
            "ease": ease,
        },
        "reasons": {
            "matched_features": has,
            "predicate_passes": {"state": state_passes},
            "confidence_breakdown": {"rules": rules},
            "similarity": similarity,
            "payout": payout,
            "urgency": urgency,
            "ease": ease,
            "score": score,
        },
        "missing": missing,
    })
}

/// The first `top_n` by score descending and then id ascending.
fn best(mut results: Vec<Value>, top_n: usize) -> Vec<Value> {
    let key = |result: &Value| {
        let score = result["score"].as_f64().expect("a score");
        (score, result["settlement_id"].as_str().expect("an id").to_owned())
    };
    results.sort_by(|a, b| {
        let ((a, id_a), (b, id_b)) = (key(a), key(b));
        b.partial_cmp(&a).expect("finite scores").then(id_a.cmp(&id_b))
    });
    results.truncate(top_n);
    results
}

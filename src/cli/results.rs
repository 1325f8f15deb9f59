//! Results as tables for people: the matches with a short reason, and what nearly matches with
//! what is missing and what to ask.

use payme::catalog::Settlement;
use payme::matching::{Missing, Truth, Variant};
use payme::ranking::{AtomRef, MatchResult, Preference, Reasons};
use payme::types::{SettlementId, UserId};

use super::output;

/// How many features a short reason names.
const FEATURES_TOLD: usize = 2;

/// One line about a person's matches.
pub(crate) fn head(user: UserId, variant: Variant, candidates: usize) -> String {
    let settlements = if candidates == 1 { "settlement" } else { "settlements" };
    format!("{user} ({variant}): eligible for {candidates} {settlements}")
}

/// The line, and the tables below it if there are any.
pub(crate) fn below(head: &str, tables: &str) -> String {
    if tables.is_empty() { head.to_owned() } else { format!("{head}\n{tables}") }
}

/// The matches, and below them what nearly matches.
pub(crate) fn tables<'a>(
    results: &[MatchResult],
    near_misses: Option<&[MatchResult]>,
    find: impl Fn(SettlementId) -> Option<&'a Settlement>,
    said: impl Fn(SettlementId) -> Option<Preference>,
) -> String {
    let title = |id| find(id).map_or("", |settlement| settlement.title.as_str()).to_owned();
    let row = |result: &MatchResult| {
        let settlement = find(result.settlement_id);
        let mark = said(result.settlement_id).map_or("", mark);
        vec![
            format!("{:.4}", result.score),
            settlement.map_or_else(String::new, payout),
            settlement.map_or_else(String::new, claim_by),
            format!("{mark}{}", title(result.settlement_id)),
            because(&result.reasons),
            result.settlement_id.to_string(),
        ]
    };
    let mut out = Vec::new();
    if !results.is_empty() {
        let header = ["score", "pays", "claim by", "settlement", "because", "id"];
        out.push(output::table(&header, results.iter().map(row)));
    }
    if let Some(near_misses) = near_misses.filter(|list| !list.is_empty()) {
        let rows = near_misses.iter().map(|result| {
            vec![lacking(result), title(result.settlement_id), result.settlement_id.to_string()]
        });
        out.push("nearly:".to_owned());
        out.push(output::table(&["missing", "settlement", "id"], rows));
    }
    out.join("\n")
}

const fn mark(said: Preference) -> &'static str {
    match (said.pinned, said.starred) {
        (true, true) => "pinned, starred ",
        (true, false) => "pinned ",
        (false, true) => "starred ",
        (false, false) => "",
    }
}

/// The evidence of a match in a few words; with the evidence set also how sure and how recent it
/// is, and how much of it lies in the class period where that is not all of it.
pub(crate) fn because(reasons: &Reasons) -> String {
    let matched = &reasons.matched_features;
    let told: Vec<&str> = matched.iter().take(FEATURES_TOLD).map(|key| key.as_str()).collect();
    let features = match (told.as_slice(), matched.len().saturating_sub(FEATURES_TOLD)) {
        ([], _) => return "it asks for no evidence".to_owned(),
        (told, 0) => told.join(", "),
        (told, more) => format!("{}, {more} more", told.join(", ")),
    };
    let Some(recency) = reasons.recency else { return features };
    let sure = reasons.confidence_breakdown.rules;
    let inside = match reasons.class_period {
        Some(inside) if inside < 1.0 => format!(", in period {inside:.2}"),
        _ => String::new(),
    };
    format!("{features}: sure {sure:.2}, recent {recency:.2}{inside}")
}

/// What keeps a person from being eligible. What the person can settle with an answer is marked as
/// a question; only the evidence set knows what that is.
pub(crate) fn lacking(result: &MatchResult) -> String {
    let open: Vec<&Missing> = questions(&result.reasons).collect();
    let (open, shut): (Vec<&Missing>, Vec<&Missing>) =
        result.missing.iter().partition(|missing| open.contains(missing));
    let (mut tell, mut send, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for missing in open {
        match missing {
            Missing::Feature(key) | Missing::Evidence(key) | Missing::ExcludedFeature(key) => {
                send.push(key.to_string());
            }
            asked => tell.push(asked.to_string()),
        }
    }
    rest.extend(shut.into_iter().map(ToString::to_string));
    let can_be_settled = result.reasons.truth == Some(Truth::Unknown);
    // Where answers can settle it, what else is missing stands under an `any`.
    let rest_first = if can_be_settled { "or: " } else { "" };
    let mut parts = vec![("tell us: ", tell), ("send records: ", send), (rest_first, rest)];
    if !can_be_settled {
        parts.rotate_right(1);
    }
    let told = parts.into_iter().filter(|(_, words)| !words.is_empty());
    told.map(|(before, words)| format!("{before}{}", words.join(", ")))
        .collect::<Vec<_>>()
        .join("; ")
}

/// What the person can settle by telling or sending something.
fn questions(reasons: &Reasons) -> impl Iterator<Item = &Missing> {
    let unknown = reasons.atoms.iter().flat_map(|atoms| &atoms.unknown);
    unknown.filter_map(|atom: &AtomRef| atom.missing.as_ref())
}

/// What a settlement pays, for people.
pub(crate) fn payout(settlement: &Settlement) -> String {
    match (settlement.payout.min, settlement.payout.max) {
        (Some(min), Some(max)) if min == max => output::dollars(max),
        (Some(min), Some(max)) => format!("{} to {}", output::dollars(min), output::dollars(max)),
        (None, Some(max)) => format!("up to {}", output::dollars(max)),
        (Some(min), None) => format!("from {}", output::dollars(min)),
        (None, None) => "varies".to_owned(),
    }
}

/// The last day as it was written with its zone, or the instant in UTC: a day alone would be
/// another one elsewhere.
fn claim_by(settlement: &Settlement) -> String {
    match &settlement.deadline {
        None => String::new(),
        Some(deadline) => match deadline.as_str().split_once('[') {
            Some((day, zone)) => format!("{day} {}", zone.trim_end_matches(']')),
            None => {
                let instant = deadline.at().to_string();
                instant.get(..16).map_or(instant.clone(), |minute| format!("{minute}Z"))
            }
        },
    }
}

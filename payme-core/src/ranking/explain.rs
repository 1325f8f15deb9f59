//! Why a settlement matches a person, or why not, for one pair.

use std::fmt;

use serde::Serialize;

use super::rank::result_of;
use super::score::link_of;
use super::{Calibration, Contribution, Link, MatchRequest, MatchResult, contributions};
use crate::catalog::{CatalogIndex, Settlement, Status};
use crate::evidence::UserFeatures;
use crate::matching::{Finding, Observed, Truth};
use crate::types::SettlementId;

/// How a settlement and a person stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The person is eligible.
    Eligible,
    /// One more fact about the person can decide it.
    Unknown,
    /// Something that the settlement asks for is missing.
    NearMiss,
    /// The person has none of the features that the settlement seeks.
    NothingInCommon,
    /// The settlement takes no claims at this time.
    Closed,
}

/// The answer to "why, or why not?".
///
/// Debug shows the settlement and the verdict only: the rest is personal data.
#[derive(Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The settlement.
    pub settlement_id: SettlementId,
    /// The settlement's title.
    pub title: String,
    /// How the two stand to each other now.
    pub verdict: Verdict,
    /// The result with its signals and reasons as of now.
    pub result: MatchResult,
    /// The result in the newest run, where that matched the settlement.
    pub recorded: Option<MatchResult>,
    /// The same in sentences.
    pub sentences: Vec<String>,
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("settlement_id", &self.settlement_id)
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}

/// What the newest run of the person says about the settlement.
#[derive(Debug, Clone, Copy)]
pub enum Newest<'a> {
    /// There was no run yet.
    NoRun,
    /// The run matched it, with this result.
    Matched(&'a MatchResult),
    /// The run did not match it, or cut it off.
    NotMatched,
}

/// Explains one settlement to one person; `None` when the catalogue does not have the settlement.
///
/// The verdict and its reasons are those of now, by the same rules as a match. What the newest
/// run said is told beside it, and where the two differ, that they do.
pub fn explain(
    index: &CatalogIndex,
    user: &UserFeatures,
    settlement_id: SettlementId,
    request: &MatchRequest,
    newest: Newest<'_>,
) -> Option<Explanation> {
    let ix = index.find(settlement_id)?;
    let settlement = index.get(ix)?;
    let (hit, result) = result_of(index, user, ix, request)?;
    let is_closed = !request.scope.include_closed && !settlement.takes_claims(request.scope.now);
    let shares = hit.candidate.matched > 0 || hit.candidate.required == 0;
    let verdict = match hit.candidate.truth {
        _ if is_closed => Verdict::Closed,
        Truth::Met => Verdict::Eligible,
        Truth::Unknown => Verdict::Unknown,
        Truth::NotMet if shares => Verdict::NearMiss,
        Truth::NotMet => Verdict::NothingInCommon,
    };
    let mut sentences = vec![opening(verdict, settlement)];
    sentences.extend(requirements(settlement, user, request, verdict));
    if verdict == Verdict::Eligible {
        sentences.push(arithmetic(&result, request));
    }
    sentences.extend(history(verdict, &result, newest));
    let recorded = match newest {
        Newest::Matched(recorded) => Some(recorded.clone()),
        Newest::NoRun | Newest::NotMatched => None,
    };
    let title = settlement.title.clone();
    Some(Explanation { settlement_id, title, verdict, result, recorded, sentences })
}

/// What the newest run said, and whether that still holds.
fn history(verdict: Verdict, result: &MatchResult, newest: Newest<'_>) -> Option<String> {
    match (newest, verdict) {
        (Newest::Matched(recorded), Verdict::Eligible) => {
            let same = (result.score - recorded.score).abs() < 1e-12;
            let since = if same {
                "."
            } else {
                "; since then something changed, or it used other weights. Match again."
            };
            Some(format!("The newest run matched it with the score {:.4}{since}", recorded.score))
        }
        (Newest::Matched(recorded), _) => Some(format!(
            "The newest run matched it with the score {:.4}, but that does not hold now: the \
             deadline passed, the run included closed settlements, or the settlement, the evidence \
             or the person changed since.",
            recorded.score
        )),
        (Newest::NotMatched, Verdict::Eligible) => Some(
            "It is not in the newest run: the run kept fewer results, or something changed since. \
             Match again to see its rank."
                .to_owned(),
        ),
        (Newest::NotMatched | Newest::NoRun, _) => None,
    }
}

fn opening(verdict: Verdict, settlement: &Settlement) -> String {
    let title = &settlement.title;
    match verdict {
        Verdict::Eligible => format!("{title} matches: everything it asks for is there."),
        Verdict::Unknown => {
            format!("{title} may match: it depends on something that is not known yet.")
        }
        Verdict::NearMiss => format!("{title} nearly matches: something it asks for is missing."),
        Verdict::NothingInCommon => {
            format!("{title} does not match: none of the features it asks for has been seen.")
        }
        Verdict::Closed if settlement.status == Status::Open => {
            let deadline = settlement.deadline.as_ref().map_or("", |deadline| deadline.as_str());
            format!("{title} does not match: its deadline {deadline} has passed.")
        }
        Verdict::Closed => {
            let status = settlement.status.as_str();
            format!("{title} does not match: it takes no claims, its status is {status}.")
        }
    }
}

/// What the rule asks for, atom by atom: first what blocks, then what is not known, then what is
/// as it should be. What is not as it should be is left out where another part is enough, and
/// nothing is asked for where no answer can help.
fn requirements(
    settlement: &Settlement,
    user: &UserFeatures,
    request: &MatchRequest,
    verdict: Verdict,
) -> Vec<String> {
    let observed = Observed::new(user);
    let today = request.scope.now.date_utc();
    let trace = observed.trace(&settlement.eligibility, settlement.class_period, today);
    let missing = trace.blocked.iter().chain(&trace.unknown);
    let missing = missing.filter(|finding| finding.missing.is_some());
    let mut lines: Vec<String> = missing
        .chain(&trace.met)
        .map(|finding: &Finding<'_>| match verdict {
            Verdict::Unknown => finding.sentence(user),
            _ => finding.statement(user),
        })
        .collect();
    if lines.is_empty() {
        lines.push("It asks for nothing: it is open to everybody.".to_owned());
    }
    lines
}

fn arithmetic(result: &MatchResult, request: &MatchRequest) -> String {
    let parts: Vec<Contribution> =
        contributions(request.variant, &result.signals, &request.weights).collect();
    let sum: f64 = parts.iter().map(|part| part.contribution).sum();
    let words: Vec<String> = parts
        .iter()
        .map(|part| format!("{} {:.2} x {:.4}", part.signal.as_str(), part.weight, part.value))
        .collect();
    let (variant, version) = (request.variant, request.weights.version);
    let (score, words) = (result.score, words.join(" + "));
    let how = match link_of(variant, &request.weights) {
        Link::Identity if (sum - score).abs() < 1e-9 => words,
        Link::Identity => format!("{words}, {sum:.4}, kept within 0 and 1"),
        Link::Logit { intercept, calibration } => {
            let log_odds = intercept + sum;
            let calibrated = match calibration {
                Calibration::Identity => "",
                _ => ", calibrated",
            };
            format!(
                "the probability of log-odds {log_odds:.4}{calibrated}: {intercept:.2} + {words}"
            )
        }
    };
    format!("The score {score:.4} is {how} ({variant}, weights version {version}).")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::parse_settlements;
    use crate::evidence::parse_person_line;
    use crate::matching::{MatchScope, SignalSet, Signals, Variant};
    use crate::ranking::Weights;
    use crate::types::Instant;

    #[test]
    fn each_way_of_standing_has_its_verdict() {
        let rule = |required: &str, states: &str| {
            format!(r#""eligibility": {{"required_features": [{required}], "states": [{states}]}}"#)
        };
        let both = r#""merchant:uber", "merchant:delta""#;
        let with_age = |connective: &str, key: &str| {
            format!(
                r#""eligibility": {{"{connective}": [{{"feature": "{key}"}}, {{"age": {{"min": 18}}}}]}}"#
            )
        };
        #[rustfmt::skip]
        let table = [
            ("A", rule(r#""merchant:uber""#, ""),                                Verdict::Eligible,        "matches"),
            ("B", rule("", r#""CA""#),                                           Verdict::Eligible,        "CA is among"),
            ("C", rule(both, ""),                                                Verdict::NearMiss,        "merchant:delta: not seen"),
            ("D", rule(r#""merchant:uber""#, r#""NY", "TX""#),                   Verdict::NearMiss,        "limited to NY, TX: CA is not"),
            ("E", rule(r#""merchant:delta""#, ""),                               Verdict::NothingInCommon, "none of the features"),
            ("F", format!(r#""status": "paid", {}"#, rule("", "")),              Verdict::Closed,          "status is paid"),
            ("G", format!(r#""deadline": "2026-01-31T00:00:00Z", {}"#, rule("", "")), Verdict::Closed,     "deadline 2026-01-31"),
            ("H", r#""eligibility": {"age": {"min": 18}}"#.to_owned(),           Verdict::Unknown,         "date of birth is not known"),
            ("I", rule("", r#""NY""#),                                           Verdict::NearMiss,        "limited to NY"),
            ("J", with_age("any", "merchant:uber"),                              Verdict::Eligible,        "merchant:uber: seen"),
            ("K", with_age("all", "merchant:delta"),                             Verdict::NothingInCommon, "date of birth is not known"),
            ("L", r#""status": "paid", "eligibility": {"age": {"min": 18}}"#.to_owned(), Verdict::Closed,  "date of birth is not known"),
        ];
        let body: Vec<_> = table
            .iter()
            .map(|(title, rest, ..)| format!(r#"{{"title": "{title}", {rest}}}"#))
            .collect();
        let rows =
            parse_settlements(format!("[{}]", body.join(",")).as_bytes()).unwrap().all().unwrap();
        let ids: Vec<_> = rows.iter().map(|settlement| settlement.id).collect();
        let index = CatalogIndex::new(rows);
        let user = parse_person_line(
            r#"{"user_id": "00000000-0000-4000-8000-000000000001", "state": "CA", "features": [
                {"key": "merchant:uber", "source": "plaid", "confidence": 0.8, "count": 2}]}"#,
            1,
        )
        .unwrap();
        let request = MatchRequest {
            variant: Variant::RulesVectorRanker,
            weights: Weights::default(),
            scope: MatchScope {
                now: Instant::parse("2026-02-01T00:00:00Z").unwrap(),
                include_closed: false,
            },
            top_n: 20,
            near_misses: false,
        };
        for ((title, _, verdict, words), id) in table.iter().zip(&ids) {
            let explanation = explain(&index, &user, *id, &request, Newest::NoRun).unwrap();
            assert_eq!(explanation.verdict, *verdict, "{title}");
            let text = explanation.sentences.join("\n");
            assert!(text.contains(words), "{title}: {text}");
            let asks = text.contains("Tell us") || text.contains("Send");
            assert_eq!(asks, *verdict == Verdict::Unknown, "{title}: {text}");
            let asks_age = text.contains("an age of");
            assert_eq!(asks_age, ["H", "K", "L"].contains(title), "{title}: {text}");
        }
        for (id, words) in [(ids[0], "matched it with the score"), (ids[3], "does not hold now")] {
            let now = explain(&index, &user, id, &request, Newest::NoRun).unwrap();
            let recorded = now.result.clone();
            let then = explain(&index, &user, id, &request, Newest::Matched(&recorded)).unwrap();
            assert_eq!(then.verdict, now.verdict, "the verdict is that of now");
            assert_eq!(then.recorded, Some(recorded));
            assert!(then.sentences.join(" ").contains(words), "{:?}", then.sentences);
        }
        let heavy = MatchRequest {
            weights: Weights::new(0, Signals::of_set(SignalSet::Evidence, |_| 9.0)),
            ..request
        };
        let text =
            explain(&index, &user, ids[0], &heavy, Newest::NoRun).unwrap().sentences.join(" ");
        assert!(text.contains("kept within 0 and 1"), "{text}");
        let other = SettlementId::from_uuid(uuid::Uuid::nil());
        assert_eq!(explain(&index, &user, other, &request, Newest::NoRun), None);
    }
}

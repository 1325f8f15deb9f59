//! Deadlines: which of them a text states, and for what.
//!
//! In: a text. Out: the last day to claim, to opt out, to object; whether payment comes without a
//! claim. A hearing or a payment day is no deadline. A month is no day: the day stays unknown.
//! Invariant: a date without a word that says what it is for is no deadline.
//! Rules: `docs/rules/trackers.md`.

use super::dates::{When, date_at};
use super::words::{Word, Words};
use crate::types::Date;

/// What a deadline is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeadlineKind {
    /// To file a claim.
    Claim,
    /// To leave the class.
    OptOut,
    /// To object to the settlement.
    Objection,
    /// None: payment comes without a claim.
    Automatic,
}

/// A deadline as a text states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlinePhrase {
    /// What it is for.
    pub kind: DeadlineKind,
    /// The last day, where the text names a day.
    pub day: Option<Date>,
    /// The words it was read from.
    pub text: String,
}

/// Every deadline that a text states, in the order of the text.
/// ```
/// use payme_core::catalog::tracker::{DeadlineKind, read_deadlines};
/// let found = read_deadlines("You can opt out until May 4, 2026. A hearing is on June 9, 2026.");
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].kind, DeadlineKind::OptOut);
/// ```
pub fn read_deadlines(text: &str) -> Vec<DeadlinePhrase> {
    let words = Words::of(text);
    let mut found = automatic(&words);
    let mut clause = 0;
    let mut at = 0;
    while at < words.len() {
        let Some((When::Days(first, last), end)) = dated_at(&words, at) else {
            if ends_sentence(&words, at) {
                clause = at + 1;
            }
            at += 1;
            continue;
        };
        let from = clause.max(at.saturating_sub(CLAUSE_WORDS));
        // "Extended from A to B": B counts.
        let is_moved =
            words.phrase_at(end, "to|until").is_some_and(|next| dated_at(&words, next).is_some());
        if is_moved {
            at = end;
            continue;
        }
        if is_joined(&words, at) && !is_about_the_past(&words, clause, at) {
            for kind in kinds(&words, from, at) {
                let day = (first == last).then_some(first);
                found.push(DeadlinePhrase { kind, day, text: words.slice(from..end).to_owned() });
            }
        }
        (clause, at) = (end, end);
    }
    found
}

/// How far before its date what a deadline is for may stand.
const CLAUSE_WORDS: usize = 16;

/// What the words before a date name.
const NAMES: [(Option<DeadlineKind>, &[&str]); 5] = [
    (
        Some(DeadlineKind::OptOut),
        &[
            "opt -? out",
            "opting -? out",
            "opt -? outs",
            "exclude",
            "exclusion|exclusions",
            "excluding|excluded",
        ],
    ),
    (Some(DeadlineKind::Objection), &["object", "objection|objections", "objecting"]),
    (
        None,
        &[
            "hearing",
            "approval",
            "trial",
            "payment|payments|paid|pay|distributed|checks|mailed",
            "conference",
            "breach",
            "announced",
            "approved",
            "bought|purchased|worked|received",
        ],
    ),
    (Some(DeadlineKind::Claim), &["claim|claims claim?|form|forms?", "file|filed|filing"]),
    (Some(DeadlineKind::Claim), &["submit|submitted|submission|submissions", "register"]),
];

/// A date of a calendar at a word, if it names at least a month.
fn dated_at(words: &Words<'_>, at: usize) -> Option<(When, usize)> {
    let found = date_at(words, at, None)?;
    (found.0 != When::Present && found.1 > at + 1).then_some(found)
}

/// A full stop, a question or exclamation mark, or a line between two sentences. A point behind a
/// short word is that of an abbreviation, unless the word is a common one and a capital follows.
fn ends_sentence(words: &Words<'_>, at: usize) -> bool {
    match words.low(at) {
        "!" | "?" | ";" | "|" | "\u{2022}" => true,
        "." => at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|before| {
            let is_followed = words.get(at + 1).is_none_or(Word::is_capital);
            let is_common = before.raw.len() > 1 && before.raw.starts_with(char::is_lowercase);
            before.low.len() > 3 || is_common && is_followed
        }),
        _ => false,
    }
}

/// Whether the word before a date makes it the last one.
fn is_joined(words: &Words<'_>, at: usize) -> bool {
    let phrases = [
        "by", "before", "until", "till", "through", "than", "on", "is", "was", "of", ":", "-",
        "\u{2013}", "\u{2014}", "deadline", "date", "due", "to", "ends", "end", "(", "closes",
        "closed", "passed", "expires", "expired",
    ];
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let at = match (at.checked_sub(1), at.checked_sub(2)) {
        (Some(before), _) if days.contains(&words.low(before)) => before,
        (_, Some(day)) if words.low(day + 1) == "," && days.contains(&words.low(day)) => day,
        _ => at,
    };
    at.checked_sub(1).is_some_and(|before| phrases.contains(&words.low(before)))
}

/// Whether the words before a date tell of what happened or of who belongs, and not of what is to
/// be done by it. One such word, and the date is no deadline.
fn is_about_the_past(words: &Words<'_>, from: usize, at: usize) -> bool {
    const PAST: [&str; 10] = [
        "lawsuit|suit|case|complaint|petition|action",
        "filed by consumers|customers|members|people|plaintiffs|a|the",
        "who|that|anyone|members|which filed|submitted|registered",
        "been|had|has",
        "must have",
        "was|were|is|are closed|open|opened|cancelled|terminated|owned|active|sold|charged|filed",
        "claims|claim|forms|form submitted|filed|received",
        "customer|customers|owner|owners|resident|residents|employee|employees|account|accounts",
        "bought|purchased|owned|lived|worked|used|enrolled|subscribed",
        "not|never|don't|cannot|announced|approved",
    ];
    let is_moved = at.checked_sub(2).is_some_and(|before| {
        words.phrase_at(before, "extended|moved|postponed to|until") == Some(at)
    });
    let is_past = words.find_from(from, &PAST).is_some_and(|found| found.end <= at);
    is_past && !is_moved
}

/// What a date at a word is for: what stands nearest before it, and what `or`, `and` or a comma
/// joins to that.
fn kinds(words: &Words<'_>, from: usize, at: usize) -> Vec<DeadlineKind> {
    let mut named: Vec<(usize, usize, Option<DeadlineKind>)> = Vec::new();
    let mut here = from;
    while here < at {
        let hit = NAMES.iter().find_map(|(kind, phrases)| {
            phrases.iter().find_map(|phrase| Some((*kind, words.phrase_at(here, phrase)?)))
        });
        match hit {
            Some((kind, end)) if end <= at => {
                named.push((here, end, kind));
                here = end;
            }
            _ => here += 1,
        }
    }
    let Some((mut start, _, Some(kind))) = named.pop() else { return Vec::new() };
    // A deadline has to be called one, or be something to do by a day.
    let is_due = (from..at).any(|here| {
        matches!(
            words.low(here),
            "by" | "deadline"
                | "before"
                | "until"
                | "than"
                | "due"
                | "last"
                | "postmarked"
                | "ends"
                | "closes"
                | "closed"
                | "expires"
                | "till"
                | "through"
                | "date"
                | "must"
        )
    });
    if !is_due {
        return Vec::new();
    }
    let mut kinds = vec![kind];
    while let Some((earlier, end, Some(kind))) = named.pop() {
        let is_joined = start.saturating_sub(end) <= 4
            && (end..start).any(|here| matches!(words.low(here), "or" | "and" | "/" | ","));
        if !is_joined && kind != kinds[kinds.len() - 1] {
            break;
        }
        if !kinds.contains(&kind) {
            kinds.insert(0, kind);
        }
        start = earlier;
    }
    kinds
}

fn automatic(words: &Words<'_>) -> Vec<DeadlinePhrase> {
    const PHRASES: [&str; 9] = [
        "no claim form? is? needed|required|necessary",
        "no need to file|submit a? claim",
        "not need|have to file|submit|do a? claim|anything",
        "n't need|have to file|submit|do a? claim|anything",
        "don't|doesn't need|have to file|submit|do a? claim|anything",
        "paid|credited|sent|issued|mailed|distributed automatically",
        "automatically receive|paid|get|be|credited|sent|issued|mailed",
        "automatic payment|payments|credit|credits|check|checks|refund|refunds",
        "without filing|submitting a|any? claim",
    ];
    let Some(at) = words.find(&PHRASES) else { return Vec::new() };
    // "Automatic payments were disabled", "automatic payments from your account".
    let is_told_of = words.phrase_at(at.start, "automatic").is_some()
        && words.phrase_at(at.end, "will|are|is|go|to|of|,|.|;|for|upon|after|once").is_none()
        && at.end < words.len();
    // "... if you already did", "those who were paid automatically": not all are.
    let is_of_some = (at.end..at.end + 10)
        .take_while(|here| !ends_sentence(words, *here))
        .any(|here| matches!(words.low(here), "if" | "unless" | "already" | "but" | "notarized"))
        || words.before(at.start, 3, &["who", "were", "was", "if"]);
    // "Payments are not automatic", "nobody is paid automatically".
    if is_told_of
        || is_of_some
        || words.before(at.start, 4, &["not", "no", "never", "nobody", "aren't", "isn't", "won't"])
    {
        return Vec::new();
    }
    let text = words.slice(at).to_owned();
    vec![DeadlinePhrase { kind: DeadlineKind::Automatic, day: None, text }]
}

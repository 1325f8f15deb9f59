//! Proof: whether a claim needs one, as a text states it.
//!
//! In: a text. Out: none, optional or required, or nothing where the text does not say.
//! Rules: `docs/rules/trackers.md`.

use super::places::is_negation;
use super::words::Words;
use crate::catalog::Proof;

/// What a text says of proof, and the words that say so.
/// ```
/// use payme_core::catalog::{Proof, tracker::read_proof};
/// let proof = |text: &str| read_proof(text).map(|(proof, _)| proof);
/// assert_eq!(proof("No receipt is needed."), Some(Proof::None));
/// let both = "No receipt is needed for $5; proof is required for more.";
/// assert_eq!(proof(both), Some(Proof::Optional));
/// assert_eq!(proof("The proof of the pudding"), None);
/// ```
pub fn read_proof(text: &str) -> Option<(Proof, String)> {
    const THING: &str = "proof|receipt|receipts|documentation|documents|evidence";
    let words = Words::of(text);
    let phrase = |form: &str| form.replace('#', THING);
    let find = |from: usize, forms: &[&str]| {
        let forms: Vec<String> = forms.iter().map(|form| phrase(form)).collect();
        let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
        words.find_from(from, &forms)
    };
    let either = find(
        0,
        &[
            "with or without any|a? #",
            "# is|are? optional",
            "more|higher|larger|extra with|for valid? #",
            "# of? purchase? pays|raises|increases",
        ],
    );
    let none = find(
        0,
        &[
            "no # of? purchase? is|are? needed|required|necessary|asked|at",
            "no # of? purchase? needed|required|necessary",
            "claim|file|submit|apply|form|payment without any|a? #",
            "# of? purchase? is|are not needed|required|necessary",
            "# of? purchase? isn't|aren't needed|required|necessary",
            "not|don't|doesn't need|require any|a? #",
            "not|don't need|have|required to provide|submit|attach|send any|a? #",
            "needs no #",
        ],
    );
    // "You can't claim without proof", "a claim without proof is rejected".
    let is_turned = |at: &std::ops::Range<usize>| {
        let has_without = at.clone().any(|here| words.low(here) == "without");
        let mut near = at.start.saturating_sub(6)..at.end + 6;
        let turns = |low: &str| is_negation(low) && low != "without";
        has_without
            && near.any(|here| {
                turns(words.low(here))
                    || words.phrase_at(here, "rejected|denied|invalid|void|refused").is_some()
            })
    };
    let none = none.filter(|at| !is_turned(at));
    let required = [
        "# of? purchase? is|are required|needed|necessary|mandatory",
        "# of? purchase? required|needed",
        "must|should provide|submit|include|attach|show|send valid|a? #",
        "requires|require|needs|with valid|a? #",
        "only with valid|a? #",
    ];
    // "No proof is required" has the words of "proof is required" in it.
    let required = find(0, &required)
        .filter(|at| none.as_ref().is_none_or(|none| at.end <= none.start))
        .or_else(|| none.as_ref().and_then(|none| find(none.end, &required)));
    // "Proof is required unless ...": it depends.
    let required = required.filter(|at| {
        !(at.end..at.end + 4).any(|here| matches!(words.low(here), "unless" | "if" | "except"))
    });
    let told = |at: std::ops::Range<usize>| words.slice(at).to_owned();
    match (either, none, required) {
        (Some(at), _, _) | (None, Some(at), Some(_)) => Some((Proof::Optional, told(at))),
        (None, Some(at), None) => Some((Proof::None, told(at))),
        (None, None, Some(at)) => Some((Proof::Required, told(at))),
        (None, None, None) => None,
    }
}

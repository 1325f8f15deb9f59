//! Proof: whether a claim needs one, as a text states it.
//!
//! In: a text. Out: none, optional or required, or nothing where the text does not say.
//! Rules: `docs/rules/trackers.md`.

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
            "claim|file|submit|apply|filed|paid|eligible without any|a? #",
            "claim|form|payment|payments|money without any|a? #",
            "# of? purchase? is|are not needed|required|necessary",
            "# of? purchase? isn't|aren't needed|required|necessary",
            "not|n't need|have|require any|a|to? #",
            "don't need|have|require any|a|to? provide|submit? #",
            "needs no #",
        ],
    );
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
    let told = |at: std::ops::Range<usize>| words.slice(at).to_owned();
    match (either, none, required) {
        (Some(at), _, _) | (None, Some(at), Some(_)) => Some((Proof::Optional, told(at))),
        (None, Some(at), None) => Some((Proof::None, told(at))),
        (None, None, Some(at)) => Some((Proof::Required, told(at))),
        (None, None, None) => None,
    }
}

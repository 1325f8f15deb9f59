//! Payouts: what one person gets, as a text states it.
//!
//! In: a text such as `$50 - $5,000`. Out: whether that is an exact amount, a range, a floor, a
//! cap, an amount for each unit, an estimate, something other than money, or not known.
//! Invariant: what everybody gets together, a fund, is never what one person gets; an amount of
//! another currency is never one of dollars; an amount is one person's payout only if every word
//! around it is known to speak of that.
//! Rules: `docs/rules/trackers.md`.

use std::ops::Range;

use super::words::Words;

/// A sum from which on an amount is what a whole class gets, in cents: no claim form pays it.
const FUND_CENTS: i64 = 10_000_000;

/// What kind of statement about a payout a text makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayoutKind {
    /// One amount.
    Exact,
    /// A least and a most amount; the most is open where a plus stands behind it.
    Range,
    /// At least so much.
    Floor,
    /// At most so much; open where a plus stands behind it, or where it differs by group.
    Cap,
    /// So much for each of something that a person may have several of.
    PerUnit,
    /// Somebody's guess.
    Estimate,
    /// A voucher, a credit, a product, monitoring.
    NonCash,
    /// A share that depends on how many claim.
    ProRata,
    /// Only what everybody gets together is stated.
    Fund,
    /// Nothing is stated.
    Unknown,
}

impl PayoutKind {
    /// The word used in provenance.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Range => "range",
            Self::Floor => "floor",
            Self::Cap => "cap",
            Self::PerUnit => "per_unit",
            Self::Estimate => "estimate",
            Self::NonCash => "non_cash",
            Self::ProRata => "pro_rata",
            Self::Fund => "fund",
            Self::Unknown => "unknown",
        }
    }

    /// Every kind.
    const ALL: [Self; 10] = [
        Self::Exact,
        Self::Range,
        Self::Floor,
        Self::Cap,
        Self::PerUnit,
        Self::Estimate,
        Self::NonCash,
        Self::ProRata,
        Self::Fund,
        Self::Unknown,
    ];

    /// The kind of a word of provenance.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether its amounts are what one claim pays.
    pub const fn is_of_one_claim(self) -> bool {
        matches!(self, Self::Exact | Self::Range | Self::Floor | Self::Cap)
    }
}

/// What a text says of a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutPhrase {
    /// What kind of statement it is.
    pub kind: PayoutKind,
    /// The least amount stated, in cents.
    pub min_cents: Option<i64>,
    /// The most stated, in cents.
    pub max_cents: Option<i64>,
    /// What the amount is for each of.
    pub unit: Option<String>,
    /// What is given beside or instead of money, sorted.
    pub non_cash: Vec<&'static str>,
}

impl PayoutPhrase {
    fn new(kind: PayoutKind) -> Self {
        Self { kind, min_cents: None, max_cents: None, unit: None, non_cash: Vec::new() }
    }

    fn unknown() -> Self {
        Self::new(PayoutKind::Unknown)
    }

    fn cents(mut self, min: Option<i64>, max: Option<i64>) -> Self {
        (self.min_cents, self.max_cents) = (min, max);
        self
    }
}

/// What a text says of a payout.
/// ```
/// use payme_core::catalog::tracker::{PayoutKind, read_payout};
/// let payout = read_payout("Up to $51");
/// assert_eq!((payout.kind, payout.max_cents), (PayoutKind::Cap, Some(5_100)));
/// assert_eq!(read_payout("$4.2 million settlement fund").kind, PayoutKind::Fund);
/// ```
pub fn read_payout(text: &str) -> PayoutPhrase {
    let words = Words::of(text);
    let non_cash = non_cash(&words);
    let is_foreign = words.iter().any(|word| {
        matches!(word.raw, "\u{20ac}" | "\u{a3}" | "\u{a5}" | "CAD" | "AUD" | "EUR" | "GBP")
            || (matches!(word.low.as_str(), "c" | "ca" | "cad" | "au" | "a" | "hk" | "nz" | "mx")
                && text.get(word.end()..).is_some_and(|rest| rest.starts_with('$')))
    });
    let phrase = match amounts(&words) {
        Some(all) if !is_foreign => of_all(&words, &all, !non_cash.is_empty()),
        _ => PayoutPhrase::unknown(),
    };
    PayoutPhrase { non_cash, ..phrase }
}

fn of_all(words: &Words<'_>, all: &[Amount], has_things: bool) -> PayoutPhrase {
    let had_fund = all.iter().any(|amount| amount.is_fund(words));
    let had_thing = all.iter().any(|amount| amount.is_thing(words));
    let is_own = |amount: &&Amount| !amount.is_fund(words) && !amount.is_thing(words);
    let own: Vec<&Amount> = all.iter().filter(is_own).collect();
    if own.is_empty() {
        return PayoutPhrase::new(without_amount(words, had_fund, had_thing, has_things));
    }
    let phrase = of_amounts(words, &own, had_thing);
    let is_bare = phrase.kind == PayoutKind::Exact
        && phrase.max_cents.is_some_and(|cents| cents >= BARE_CENTS);
    if phrase.kind.is_of_one_claim() && (is_bare || !is_of_one_person(words, all)) {
        return PayoutPhrase::unknown();
    }
    phrase
}

/// An exact amount from which on nobody can tell whether one person gets it, in cents.
const BARE_CENTS: i64 = 2_000_000;

/// What may stand around the amount that one person gets. One word more, and it may be a fund, a
/// fee, an award of the plaintiff, or no payout at all.
#[rustfmt::skip]
const AROUND: [&str; 31] = [
    "per|each|every valid|eligible|approved? class? claim|claimant|person|member|individual",
    "per|each|every household|customer|consumer|user|recipient|participant",
    "for each|every valid|eligible|approved? class? claim|claimant|person|member|individual",
    "each from a|the",
    "each",
    "up to",
    "as much as",
    "a|the? maximum|minimum of?",
    "max",
    "no more than",
    "at most|least",
    "capped at",
    "starting at|from",
    "or more",
    "and up",
    "between|from",
    "and|or|to|through",
    "a|one? cash? payment|check|refund for|of?",
    "payments|checks|cash|flat|usd",
    "in cash",
    "with|without valid|any? receipt|receipts|proof|documentation of? purchase?",
    "for|in documented? out - of - pocket? losses|loss|expenses",
    "one|two|three|four|five|1|2|3|4|5|10 year|years of? free? credit? monitoring",
    "free? credit? monitoring",
    "identity theft protection",
    "(|)|,|.|;|:",
    "-|\u{2013}|\u{2014}|/",
    "+",
    "fund|pool",
    "settlement fund|pool",
    "gift? card|cards|voucher|vouchers|coupon|coupons|credit|credits",
];

/// Whether every word beside the amounts is known to speak of what one person gets.
fn is_of_one_person(words: &Words<'_>, all: &[Amount]) -> bool {
    let has_fund = all.iter().any(|amount| amount.is_fund(words));
    let mut at = 0;
    while at < words.len() {
        let amount = all.iter().find(|amount| amount.words.start == at);
        let next = amount.map(|amount| amount.words.end).or_else(|| {
            let known = AROUND.iter().filter(|phrase| has_fund || !phrase.contains("fund|pool"));
            known.filter_map(|phrase| words.phrase_at(at, phrase)).max()
        });
        let Some(next) = next.filter(|next| *next > at) else { return false };
        at = next;
    }
    true
}

fn without_amount(words: &Words<'_>, fund: bool, thing: bool, non_cash: bool) -> PayoutKind {
    if thing {
        PayoutKind::NonCash
    } else if words.has(&[
        "pro - rata",
        "pro rata",
        "proportional|proportionate",
        "equal share|shares",
    ]) {
        PayoutKind::ProRata
    } else if fund {
        PayoutKind::Fund
    } else if non_cash {
        PayoutKind::NonCash
    } else {
        PayoutKind::Unknown
    }
}

/// An amount of dollars.
#[derive(Debug)]
struct Amount {
    cents: i64,
    /// It is written in thousands, millions or billions.
    is_scaled: bool,
    /// A plus stands behind it.
    is_open: bool,
    words: Range<usize>,
}

impl Amount {
    fn is_fund(&self, words: &Words<'_>) -> bool {
        const ALL: [&str; 10] = [
            "fund",
            "funds",
            "pool",
            "total",
            "gross",
            "aggregate",
            "settlement",
            "combined",
            "overall",
            "class",
        ];
        let behind = (self.words.end..self.words.end + 3)
            .map(|at| words.low(at))
            .take_while(|low| !matches!(*low, "" | "," | "." | ";" | "per" | "each" | "for" | "$"))
            .any(|low| ALL.contains(&low));
        let ahead = words.before(self.words.start, 4, &["fund", "pool", "total", "aggregate"])
            || words.phrase_at(self.words.start.saturating_sub(2), "settlement amount").is_some()
            || words
                .phrase_at(self.words.start.saturating_sub(3), "settlement amount :|of")
                .is_some();
        self.cents >= FUND_CENTS || behind || ahead
    }

    /// Whether it is the worth of something other than money.
    fn is_thing(&self, words: &Words<'_>) -> bool {
        const THINGS: [&str; 10] = [
            "e -? gift|giftcard card?|cards?",
            "gift card|cards|certificate|certificates",
            "coupon|coupons|voucher|vouchers",
            "store|account|statement|bill credit|credits",
            "credit|credits",
            "promo|promotional code|codes|credit|credits",
            "discount|discounts",
            "in -? store benefit|benefits|credit",
            "worth of *",
            "off",
        ];
        let here = words.phrase_at(self.words.end, "in").unwrap_or(self.words.end);
        [self.words.end, here].into_iter().any(|at| {
            THINGS.iter().any(|thing| words.phrase_at(at, thing).is_some())
                && words.phrase_at(at, "credit monitoring").is_none()
        })
    }
}

/// The amounts of dollars, unless one of them is no number.
fn amounts(words: &Words<'_>) -> Option<Vec<Amount>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if words.low(at) != "$" {
            at += 1;
            continue;
        }
        let (amount, end) = amount_at(words, at, at + 1)?;
        found.push(amount);
        at = end;
        // The second of "$5-10" has no sign of its own.
        let touches = words.slice(end.saturating_sub(1)..end + 2).bytes().all(|b| b != b' ');
        let is_number = words.low(end + 1).starts_with(|c: char| c.is_ascii_digit());
        if touches && is_number && words.phrase_at(end, "-|\u{2013}|\u{2014}").is_some() {
            let (second, end) = amount_at(words, end + 1, end + 1)?;
            // "$5-10 million" is no $5.
            if second.is_scaled {
                return None;
            }
            found.push(second);
            at = end;
        }
    }
    Some(found)
}

/// The amount that begins at a word, with its digits at another, and where it ends.
fn amount_at(words: &Words<'_>, at: usize, digits: usize) -> Option<(Amount, usize)> {
    let (whole, letters) = split_digits(words.low(digits));
    if whole.is_empty() || whole.len() > 12 {
        return None;
    }
    let (mut number, mut suffix) = (whole.to_owned(), letters.to_owned());
    let mut end = digits + 1;
    let touches =
        |at: usize| words.get(at).zip(words.get(at + 1)).is_some_and(|(a, b)| a.end() == b.start);
    // Groups of three behind commas; a comma with a space behind it separates sentences.
    while suffix.is_empty() && words.low(end) == "," && touches(end - 1) && touches(end) {
        let (group, letters) = split_digits(words.low(end + 1));
        if group.len() != 3 || number.len() > 12 {
            return None;
        }
        number.push_str(group);
        suffix = letters.to_owned();
        end += 2;
    }
    let mut fraction = String::new();
    if suffix.is_empty() && words.low(end) == "." && touches(end - 1) && touches(end) {
        let (group, letters) = split_digits(words.low(end + 1));
        if !group.is_empty() {
            (fraction, suffix) = (group.to_owned(), letters.to_owned());
            end += 2;
        }
    }
    if suffix.is_empty()
        && matches!(
            words.low(end),
            "k" | "m" | "mm" | "b" | "bn" | "mil" | "thousand" | "million" | "billion"
        )
    {
        words.low(end).clone_into(&mut suffix);
        end += 1;
    }
    let zeros = match suffix.as_str() {
        "" => 2,
        "k" | "thousand" => 5,
        "m" | "mm" | "mil" | "million" => 8,
        "b" | "bn" | "billion" => 11,
        _ => return None,
    };
    let is_plain = zeros == 2;
    if fraction.len() > zeros || (is_plain && !fraction.is_empty() && fraction.len() != 2) {
        return None;
    }
    let padded = format!("{number}{fraction:0<zeros$}");
    let cents: i64 = padded.parse().ok()?;
    let is_open = words.low(end) == "+" && touches(end - 1);
    let end = if is_open { end + 1 } else { end };
    Some((Amount { cents, is_scaled: !is_plain, is_open, words: at..end }, end))
}

fn split_digits(low: &str) -> (&str, &str) {
    low.split_at(low.bytes().take_while(u8::is_ascii_digit).count())
}

/// What is given that is not money.
fn non_cash(words: &Words<'_>) -> Vec<&'static str> {
    const KINDS: [(&str, &[&str]); 8] = [
        ("coupon", &["coupon|coupons"]),
        ("credit", &["store|account|statement|bill|promo|promotional credit|credits"]),
        ("discount", &["discount|discounts"]),
        ("gift_card", &["gift card|cards|certificate|certificates", "giftcard|giftcards"]),
        ("monitoring", &["monitoring", "identity theft? protection"]),
        ("product", &["free|replacement product|products|item|items|pair|repair"]),
        ("service", &["free|months|year|years of? service|membership|subscription|streaming"]),
        ("voucher", &["voucher|vouchers"]),
    ];
    let mut found: Vec<&str> =
        KINDS.iter().filter(|(_, phrases)| words.has(phrases)).map(|(kind, _)| *kind).collect();
    let bare = words.find(&["credit|credits"]).is_some_and(|at| {
        words.phrase_at(at.end, "monitoring|card|cards|report|reports|union").is_none()
    });
    if bare && !found.contains(&"credit") {
        found.push("credit");
        found.sort_unstable();
    }
    found
}

fn of_amounts(words: &Words<'_>, own: &[&Amount], had_thing: bool) -> PayoutPhrase {
    let least = own.iter().map(|amount| amount.cents).min();
    let most = own.iter().map(|amount| amount.cents).max();
    let is_open = own.iter().any(|amount| amount.is_open);
    let closed = most.filter(|_| !is_open);
    let [first, rest @ ..] = own else { return PayoutPhrase::unknown() };
    // An amount beside a thing of some worth may be another way to be paid, or come on top.
    let is_beside_thing = had_thing && words.has(&["plus", "or", "and"]);
    if first.cents <= 0 || is_beside_thing || own.iter().any(|amount| amount.is_scaled) {
        return PayoutPhrase::unknown();
    }
    if let Some(unit) = unit(words, first.words.start) {
        let unit = Some(unit);
        return PayoutPhrase { unit, ..PayoutPhrase::new(PayoutKind::PerUnit) }
            .cents(least, closed);
    }
    const ESTIMATES: [&str; 4] = [
        "est|estimate|estimated|estimates|approximately|approx|about|around|roughly|expected",
        "average|averages|anticipated|projected|likely|could|might",
        "~",
        "\u{2248}",
    ];
    if words.has(&ESTIMATES) {
        return PayoutPhrase::new(PayoutKind::Estimate).cents(least, closed);
    }
    let caps =
        ["up to", "as much as", "maximum of?", "max", "no more than", "at most", "capped at"];
    if words.has(&caps) {
        // Caps of several groups with an open end: which is whose is not said. Before a cap stands
        // another way to be paid, which is no floor.
        return PayoutPhrase::new(PayoutKind::Cap).cents(None, closed);
    }
    if words.has(&["plus"]) && !rest.is_empty() {
        return PayoutPhrase::unknown();
    }
    let floors = ["at least", "minimum of?", "starting at|from", "or more", "and up"];
    match rest {
        [] if is_open || words.has(&floors) => {
            PayoutPhrase::new(PayoutKind::Floor).cents(least, None)
        }
        [] => PayoutPhrase::new(PayoutKind::Exact).cents(least, closed),
        [second] => range(words, first, second),
        _ => PayoutPhrase::unknown(),
    }
}

/// Two amounts. Those in the wrong order, and those that nothing joins, say nothing for sure.
fn range(words: &Words<'_>, first: &Amount, second: &Amount) -> PayoutPhrase {
    let joint = words
        .phrase_at(first.words.end, "-|\u{2013}|\u{2014}|to|or|/")
        .or_else(|| words.phrase_at(first.words.end, "and|through"));
    if joint != Some(second.words.start) || first.cents > second.cents || first.is_open {
        return PayoutPhrase::unknown();
    }
    let most = (!second.is_open).then_some(second.cents);
    PayoutPhrase::new(PayoutKind::Range).cents(Some(first.cents), most)
}

/// What an amount is for each of, unless each person has one of it.
fn unit(words: &Words<'_>, from: usize) -> Option<String> {
    const PERSON: [&str; 21] = [
        "person",
        "claimant",
        "claimants",
        "claim",
        "claims",
        "class",
        "member",
        "members",
        "individual",
        "household",
        "customer",
        "consumer",
        "user",
        "recipient",
        "valid",
        "eligible",
        "settlement",
        "participant",
        "cash",
        "payment",
        "approved",
    ];
    let found = words
        .find_from(from, &["per|every", "each", "a|an month|year|week|day|hour", "/"])
        .filter(|at| {
            at.end < words.len() && words.get(at.end).is_some_and(|word| word.is_word())
                || words.phrase_at(at.start, "a|an").is_some()
        })?;
    if words.phrase_at(found.start, "a|an").is_some() {
        return Some(words.low(found.start + 1).to_owned());
    }
    let noun = words.low(found.end);
    let is_of = words.phrase_at(found.start, "each to|of|in|via|from|for|if|and|or|,|.").is_some();
    (!PERSON.contains(&noun) && !is_of).then(|| noun.to_owned())
}

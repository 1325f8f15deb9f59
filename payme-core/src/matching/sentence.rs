//! Sentences: a finding in plain English.
//!
//! In: a [`Finding`] and the person it is about. Out: one or two sentences: what the rule asks
//! for or excludes, what is known, and, where that is not enough to decide, what to tell or send.
//! They are for the person themself: they name that person's state, age, counts and totals, and
//! nothing else about them.

use super::plain::Observed;
use super::sighting::DayRange;
use super::trace::Finding;
use super::truth::{FeatureBounds, PurchaseBounds, Truth, age_on};
use crate::catalog::{AgeAtom, FeatureAtom, Predicate, PurchasesAtom, Range};
use crate::evidence::{UserFeature, UserFeatures};
use crate::types::{Date, Money, Source, StateRule};

/// What is said of a finding, and what would decide it while it is unknown.
struct Said {
    sentence: String,
    to_do: &'static str,
}

impl Finding<'_> {
    /// What the atom asks for and what is known of it. One that is unknown ends with what to tell
    /// or send. The example of [`trace`](super::trace()) shows one.
    pub fn sentence(&self, user: &UserFeatures) -> String {
        let Said { sentence, to_do } = self.said(user);
        match self.truth {
            Truth::Unknown => format!("{sentence} {to_do}"),
            Truth::Met | Truth::NotMet => sentence,
        }
    }

    /// The same without what to tell or send, for where that would not help.
    pub fn statement(&self, user: &UserFeatures) -> String {
        self.said(user).sentence
    }

    fn said(&self, user: &UserFeatures) -> Said {
        let observed = Observed::new(user);
        match self.atom {
            Predicate::Feature(atom) => self.feature(atom, &observed),
            Predicate::States(rule) => self.states(*rule, user),
            Predicate::Age(atom) => self.age(*atom, user),
            Predicate::Purchases(atom) => self.purchases(atom, &observed),
            Predicate::Ask(question) => {
                let wanted = format!("an answer of yes to \"{question}\"");
                self.put(&wanted, "not given", "Only the person can say.")
            }
            // A finding is about an atom.
            Predicate::All(_) | Predicate::Any(_) | Predicate::None(_) => {
                Said { sentence: String::new(), to_do: "" }
            }
        }
    }

    /// "It asks for this: that is known. Send that."
    fn put(&self, wanted: &str, known: &str, to_do: &'static str) -> Said {
        let asks = if self.excluded { "It excludes people with" } else { "It asks for" };
        Said { sentence: format!("{asks} {wanted}: {known}."), to_do }
    }

    fn feature(&self, atom: &FeatureAtom, observed: &Observed<'_>) -> Said {
        let key = &atom.key;
        let seen: Vec<&UserFeature> =
            observed.user().features().iter().filter(|feature| feature.key == *key).collect();
        let period = self.period.filter(|_| atom.in_class_period);
        let range = period
            .map_or_else(Range::default, |period| Range { min: period.start, max: period.end });
        let records = match (atom.min_count, range) {
            (None | Some(1), Range { min: None, max: None }) => key.to_string(),
            (count, _) => {
                let records = amount(Range { min: Some(count.unwrap_or(1)), max: None }, "record");
                format!("{records} of {key}{}", days(range))
            }
        };
        let wanted = match atom.min_confidence {
            Some(least) => format!("{records}, with a confidence of at least {}", least.get()),
            None => records,
        };
        if seen.is_empty() {
            return self.put(&wanted, "not seen", "");
        }
        let days = FeatureBounds::of(atom).days(DayRange::of(range));
        let counts = observed.sightings(key).map(|sighting| sighting.records_inside(days));
        let counts = counts.reduce(|a, b| (a.0.max(b.0), a.1.max(b.1))).unwrap_or_default();
        let mut known = if atom.is_bare() { sources(&seen) } else { were_seen(counts) };
        if atom.min_confidence.is_some() {
            let doubts = observed.sightings(key).map(|sighting| 1.0 - sighting.confidence);
            known =
                format!("{known}, with a confidence of {}", belief(1.0 - doubts.product::<f64>()));
        }
        self.put(&wanted, &known, "Send records of it that show their days.")
    }

    fn states(&self, rule: StateRule, user: &UserFeatures) -> Said {
        let list = match rule {
            StateRule::Any if !self.excluded => {
                return Said { sentence: "It is open to every state.".to_owned(), to_do: "" };
            }
            StateRule::Any => "every state".to_owned(),
            StateRule::In(set) if set.is_empty() => "no state at all".to_owned(),
            StateRule::In(set) => {
                set.iter().map(|state| state.code()).collect::<Vec<_>>().join(", ")
            }
        };
        let asks = if self.excluded { "It excludes residents of" } else { "It is limited to" };
        let known = match (user.person().state, self.truth) {
            (Some(state), Truth::Met) => format!("{state} is among them"),
            (Some(state), _) => format!("{state} is not among them"),
            (None, _) => "the state is not known".to_owned(),
        };
        Said { sentence: format!("{asks} {list}: {known}."), to_do: "Tell us the state." }
    }

    fn age(&self, atom: AgeAtom, user: &UserFeatures) -> Said {
        let AgeAtom { years, on } = atom;
        let day = on.map(|on| format!(" on {on}")).unwrap_or_default();
        let wanted = format!("an age of {}{day}", bounds(years, |years| years.to_string()));
        let known = match user.person().date_of_birth {
            None => "the date of birth is not known".to_owned(),
            Some(born) => match age_on(born, on.unwrap_or(self.today)) {
                Some(age) => format!("the age is {age}"),
                None => "the date of birth lies after that day".to_owned(),
            },
        };
        self.put(&wanted, &known, "Tell us the date of birth.")
    }

    fn purchases(&self, atom: &PurchasesAtom, observed: &Observed<'_>) -> Said {
        let (key, when) = (&atom.key, days(atom.days));
        let count = (!atom.count.is_open()).then(|| amount(atom.count, "purchase"));
        let cents = |cents: i64| Money::usd_cents(cents).to_string();
        let total = (!atom.amount_cents.is_open())
            .then(|| format!("a total of {}", bounds(atom.amount_cents, cents)));
        let wanted = match (count, total) {
            (Some(count), Some(total)) => format!("{count} of {key} and {total}{when}"),
            (Some(count), None) => format!("{count} of {key}{when}"),
            (None, Some(total)) => format!("purchases of {key} for {total}{when}"),
            (None, None) => format!("any purchases of {key}{when}"),
        };
        let range = PurchaseBounds::of(atom).days;
        let mut sightings = observed.sightings(key).peekable();
        if sightings.peek().is_none() {
            return self.put(&wanted, "none was seen", "");
        }
        let Some(bank) = sightings.find(|sighting| sighting.source == Source::Plaid) else {
            let known = "only mail was seen, which does not show purchases";
            return self.put(&wanted, known, "Send bank records of it.");
        };
        let counts = bank.count_inside(range);
        let mut known = were_seen(counts);
        let total = bank.cents_inside(range);
        if !atom.amount_cents.is_open() {
            let total = total
                .map_or("a total in US dollars that is not known".to_owned(), |total| {
                    format!("a total of {}", cents(total))
                });
            known = format!("{known}, with {total}");
        }
        let to_do = if counts.0 == counts.1 {
            "Send bank records of it that show the amounts in US dollars."
        } else {
            "Send bank records of it that show their days and amounts."
        };
        self.put(&wanted, &known, to_do)
    }
}

/// A belief with two digits, or with as many more as tell it from a whole hundredth.
fn belief(belief: f64) -> String {
    (2..=17)
        .map(|digits| format!("{belief:.digits$}"))
        .find(|text| text.parse::<f64>().is_ok_and(|shown| (shown - belief).abs() < 1e-6))
        .unwrap_or_else(|| belief.to_string())
}

/// " between A and B", with the space; nothing where both ends are open.
fn days(range: Range<Date>) -> String {
    match (range.min, range.max) {
        (None, None) => String::new(),
        (Some(from), None) => format!(" from {from} on"),
        (None, Some(to)) => format!(" until {to}"),
        (Some(from), Some(to)) if from == to => format!(" on {from}"),
        (Some(from), Some(to)) => format!(" between {from} and {to}"),
    }
}

/// "at least 2", "at most 9", "2 to 9" or "exactly 2".
fn bounds<T: Copy + PartialEq>(range: Range<T>, show: impl Fn(T) -> String) -> String {
    match (range.min, range.max) {
        (None, None) => "any number".to_owned(),
        (Some(min), None) => format!("at least {}", show(min)),
        (None, Some(max)) => format!("at most {}", show(max)),
        (Some(min), Some(max)) if min == max => format!("exactly {}", show(min)),
        (Some(min), Some(max)) => format!("{} to {}", show(min), show(max)),
    }
}

/// "at least 2 records": bounds and what is counted.
fn amount(range: Range<u32>, what: &str) -> String {
    let last = range.max.or(range.min);
    let plural = if last == Some(1) { "" } else { "s" };
    format!("{} {what}{plural}", bounds(range, |count| count.to_string()))
}

/// "2 were seen", or "1 to 4 were seen".
fn were_seen((least, most): (u32, u32)) -> String {
    match (least, most) {
        (0, 0) => "none was seen".to_owned(),
        (1, 1) => "1 was seen".to_owned(),
        _ if least == most => format!("{least} were seen"),
        _ => format!("{least} to {most} were seen"),
    }
}

/// "seen in 2 records from gmail and 1 record from plaid".
fn sources(seen: &[&UserFeature]) -> String {
    let each = seen.iter().map(|feature| {
        let records = if feature.count == 1 { "record" } else { "records" };
        format!("{} {records} from {}", feature.count, feature.source.as_str())
    });
    format!("seen in {}", each.collect::<Vec<_>>().join(" and "))
}

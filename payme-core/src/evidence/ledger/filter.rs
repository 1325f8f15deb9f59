//! Which entries a person wants to see, and in what portions.
//!
//! In: entries in the order of [`view`](super::view) and a [`Filter`], whose parts cannot be
//! reversed. Out: a [`LedgerPage`] and the cursor of the next. A cursor names the last entry
//! that was shown, so entries that come or go in between make none appear twice or vanish.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use super::words::normal;
use super::{EntrySource, LedgerEntry, Query};
use crate::types::{Currency, Date, Money, RecordId, parse_date};

/// Why a filter was refused. Carries no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The first day is behind the last one.
    #[error("the range of days is reversed: {from} is after {to}")]
    ReversedDates {
        /// The first day.
        from: Date,
        /// The last day.
        to: Date,
    },
    /// The least amount is above the most.
    #[error("the range of amounts is reversed: the least is above the most")]
    ReversedAmounts,
    /// A range of amounts without any end.
    #[error("a range of amounts needs a least or a most amount")]
    OpenAmounts,
    /// The two ends are in different currencies.
    #[error("the least amount is in {least} and the most in {most}: name one currency")]
    MixedCurrencies {
        /// The currency of the least amount.
        least: Currency,
        /// The currency of the most.
        most: Currency,
    },
    /// A text that is no cursor.
    #[error("not a cursor: pass on the one that the page before gave")]
    Cursor,
}

impl FilterError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ReversedDates { .. } | Self::ReversedAmounts => "reversed_range",
            Self::OpenAmounts => "open_range",
            Self::MixedCurrencies { .. } => "mixed_currencies",
            Self::Cursor => "invalid_cursor",
        }
    }
}

/// Days from one to another, both included; an end that is absent is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DateRange {
    from: Option<Date>,
    to: Option<Date>,
}

impl DateRange {
    /// The days between two days.
    ///
    /// # Errors
    /// [`FilterError::ReversedDates`].
    pub fn new(from: Option<Date>, to: Option<Date>) -> Result<Self, FilterError> {
        match (from, to) {
            (Some(from), Some(to)) if from > to => Err(FilterError::ReversedDates { from, to }),
            _ => Ok(Self { from, to }),
        }
    }

    /// Whether a day lies in it.
    pub fn contains(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }
}

/// Amounts of one currency from one to another, both included; an end that is absent is open.
///
/// As everywhere, what left the account is positive and what came in is negative.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AmountRange {
    currency: Currency,
    least: Option<i64>,
    most: Option<i64>,
}

impl AmountRange {
    /// The amounts between two amounts.
    ///
    /// # Errors
    /// [`FilterError::OpenAmounts`] without any end, [`FilterError::MixedCurrencies`],
    /// [`FilterError::ReversedAmounts`].
    /// ```
    /// use payme_core::evidence::ledger::AmountRange;
    /// use payme_core::types::Money;
    /// let some = AmountRange::new(Some(Money::usd_cents(500)), None)?;
    /// assert!(some.contains(Money::usd_cents(500)) && !some.contains(Money::usd_cents(499)));
    /// # Ok::<(), payme_core::evidence::ledger::FilterError>(())
    /// ```
    pub fn new(least: Option<Money>, most: Option<Money>) -> Result<Self, FilterError> {
        let currency = match (least, most) {
            (None, None) => return Err(FilterError::OpenAmounts),
            (Some(least), Some(most)) if least.currency() != most.currency() => {
                let [least, most] = [least, most].map(Money::currency);
                return Err(FilterError::MixedCurrencies { least, most });
            }
            (Some(least), Some(most)) if least.minor() > most.minor() => {
                return Err(FilterError::ReversedAmounts);
            }
            (Some(money), _) | (None, Some(money)) => money.currency(),
        };
        Ok(Self { currency, least: least.map(Money::minor), most: most.map(Money::minor) })
    }

    /// Whether an amount lies in it; one of another currency never does.
    pub fn contains(&self, money: Money) -> bool {
        let minor = money.minor();
        money.currency() == self.currency
            && self.least.is_none_or(|least| least <= minor)
            && self.most.is_none_or(|most| minor <= most)
    }
}

impl fmt::Debug for AmountRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmountRange").field("currency", &self.currency).finish_non_exhaustive()
    }
}

/// Which entries to show: those that every part admits. The default admits all.
///
/// Debug shows nothing of what is looked for.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// The days.
    pub dates: DateRange,
    /// The categories, any of them; none admits all. `Food & Drink` and `FOOD_DRINK` are the same:
    /// words are compared, without case and accents.
    pub categories: Vec<String>,
    /// Whose ids the records carry, any of these; none admits all.
    pub sources: BTreeSet<EntrySource>,
    /// The accounts, any of them, as the provider or the import names them; none admits all.
    pub accounts: BTreeSet<String>,
    /// The amounts; entries of another currency, or of an unknown one, are not in it.
    pub amounts: Option<AmountRange>,
    /// Only pending transactions, or only posted ones.
    pub pending: Option<bool>,
    /// What merchant, description and note have to say.
    pub text: Option<Query>,
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").field("pending", &self.pending).finish_non_exhaustive()
    }
}

impl Filter {
    /// Whether an entry is admitted.
    pub fn admits(&self, entry: &LedgerEntry) -> bool {
        let account = entry.transaction.account.as_ref();
        self.dates.contains(entry.date())
            && (self.sources.is_empty() || self.sources.contains(&entry.source()))
            && self.pending.is_none_or(|pending| pending == entry.transaction.pending)
            && (self.accounts.is_empty() || account.is_some_and(|own| self.accounts.contains(own)))
            && self
                .amounts
                .is_none_or(|range| entry.amount().is_some_and(|own| range.contains(own)))
            && self.admits_category(entry.category.as_deref())
            && self.text.as_ref().is_none_or(|query| query.finds(entry))
    }

    fn admits_category(&self, own: Option<&str>) -> bool {
        let is_own = |own: &str| {
            let own = normal(own);
            self.categories.iter().any(|category| normal(category) == own)
        };
        self.categories.is_empty() || own.is_some_and(is_own)
    }
}

/// The place behind an entry, in the order entries are shown in.
///
/// Its text is the day and the id: `2024-02-29_6f1d2c3b-4a59-4e68-8d77-0123456789ab`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    date: Date,
    id: RecordId,
}

impl Cursor {
    /// The place behind this entry.
    pub const fn behind(entry: &LedgerEntry) -> Self {
        Self { date: entry.date(), id: entry.id() }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.date, self.id)
    }
}

impl FromStr for Cursor {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let read = |(date, id): (&str, &str)| {
            Some(Self { date: parse_date(date).ok()?, id: id.parse().ok()? })
        };
        text.split_once('_').and_then(read).ok_or(FilterError::Cursor)
    }
}

/// A portion of the entries a filter admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPage<'a> {
    /// The entries, the newest day first.
    pub entries: Vec<&'a LedgerEntry>,
    /// Where the next portion begins; `None` when there is nothing more.
    pub next: Option<Cursor>,
}

/// The entries that a filter admits, at most `limit`, behind a cursor or from the start.
///
/// The entries stand in the order of [`view`](super::view).
pub fn page<'a>(
    entries: &'a [LedgerEntry],
    filter: &Filter,
    behind: Option<Cursor>,
    limit: NonZeroUsize,
) -> LedgerPage<'a> {
    let is_shown = |entry: &LedgerEntry| {
        behind.is_some_and(|last| entry.order() <= (std::cmp::Reverse(last.date), last.id))
    };
    let start = entries.partition_point(is_shown);
    let mut admitted = entries.iter().skip(start).filter(|entry| filter.admits(entry));
    let entries: Vec<&LedgerEntry> = admitted.by_ref().take(limit.get()).collect();
    let next = admitted.next().and(entries.last()).map(|last| Cursor::behind(last));
    LedgerPage { entries, next }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::evidence::ledger::tests_support::entry;

    fn date(text: &str) -> Option<Date> {
        Some(text.parse().unwrap())
    }

    fn euro(minor: i64) -> Money {
        Money::new(minor, "EUR".parse().unwrap())
    }

    #[test]
    fn each_part_admits_what_the_table_says() {
        let mut one = entry(1, "2024-03-02", 500, "Uber");
        one.category = Some("FOOD_AND_DRINK".to_owned());
        one.transaction.account = Some("acc".to_owned());
        one.note = Some("gift".to_owned());
        let dates =
            |from, to| Filter { dates: DateRange::new(from, to).unwrap(), ..Filter::default() };
        let amounts = |least, most| Filter {
            amounts: Some(AmountRange::new(least, most).unwrap()),
            ..Filter::default()
        };
        let usd = |cents| Some(Money::usd_cents(cents));
        let categories = |names: &[&str]| Filter {
            categories: names.iter().map(|n| (*n).to_owned()).collect(),
            ..Filter::default()
        };
        let text = |text| Filter { text: Some(Query::parse(text).unwrap()), ..Filter::default() };
        #[rustfmt::skip]
        let table = [
            (Filter::default(),                                       true),
            (dates(date("2024-03-02"), date("2024-03-02")),           true),
            (dates(date("2024-03-03"), None),                         false),
            (dates(None, date("2024-03-01")),                         false),
            (amounts(usd(500), usd(500)),                             true),
            (amounts(usd(501), None),                                 false),
            (amounts(None, usd(499)),                                 false),
            (amounts(Some(euro(1)), None),                            false),
            (categories(&["x", "Food and Drink"]),                    true),
            (categories(&["food"]),                                   false),
            (Filter { sources: [EntrySource::File].into(), ..Filter::default() },     true),
            (Filter { sources: [EntrySource::Provider].into(), ..Filter::default() }, false),
            (Filter { accounts: ["acc".to_owned()].into(), ..Filter::default() },     true),
            (Filter { accounts: ["ac".to_owned()].into(), ..Filter::default() },      false),
            (Filter { pending: Some(false), ..Filter::default() },    true),
            (Filter { pending: Some(true), ..Filter::default() },     false),
            (text("gift ub"),                                         true),
            (text("gift -uber"),                                      false),
        ];
        for (filter, expected) in table {
            assert_eq!(filter.admits(&one), expected, "{filter:?}");
        }
        (one.transaction.amount, one.category, one.transaction.account) = (None, None, None);
        assert!(!amounts(usd(i64::MIN), None).admits(&one) && !categories(&["x"]).admits(&one));
        assert!(!Filter { accounts: ["acc".to_owned()].into(), ..Filter::default() }.admits(&one));
    }

    #[test]
    fn what_is_reversed_open_or_mixed_is_refused() {
        let days = DateRange::new(date("2024-03-02"), date("2024-03-01")).unwrap_err();
        assert_eq!(
            (days.code(), days.to_string()),
            (
                "reversed_range",
                "the range of days is reversed: 2024-03-02 is after 2024-03-01".to_owned()
            )
        );
        let code = |least, most| AmountRange::new(least, most).unwrap_err().code();
        assert_eq!(code(Some(euro(2)), Some(euro(1))), "reversed_range");
        assert_eq!(code(None, None), "open_range");
        assert_eq!(code(Some(euro(1)), Some(Money::usd_cents(2))), "mixed_currencies");
        for text in ["", "2024-03-01", "2024-03-01_x", "x_6f1d2c3b-4a59-4e68-8d77-0123456789ab"] {
            assert_eq!(text.parse::<Cursor>().unwrap_err().code(), "invalid_cursor", "{text}");
        }
        assert!(!format!("{:?}", AmountRange::new(Some(euro(7654)), None)).contains("7654"));
    }

    fn any_entries() -> impl Strategy<Value = Vec<LedgerEntry>> {
        prop::collection::btree_map(0_u128..40, (1_u8..9, -3_i64..3, any::<bool>()), 0..30)
            .prop_map(|all| {
                let made = all.into_iter().map(|(id, (day, cents, pending))| {
                    let mut one = entry(id, &format!("2024-01-{day:02}"), cents, "Uber");
                    one.transaction.pending = pending;
                    one
                });
                let mut made: Vec<_> = made.collect();
                made.sort_by_key(LedgerEntry::order);
                made
            })
    }

    proptest! {
        #[test]
        fn the_pages_together_are_what_a_plain_scan_admits(
            entries in any_entries(), limit in 1_usize..7, from in 1_u8..9, pending in prop::option::of(any::<bool>()), least in -3_i64..3,
        ) {
            let filter = Filter {
                dates: DateRange::new(date(&format!("2024-01-{from:02}")), None).unwrap(),
                amounts: Some(AmountRange::new(Some(Money::usd_cents(least)), None).unwrap()),
                pending,
                ..Filter::default()
            };
            let naive: Vec<_> = entries.iter().filter(|e| {
                u8::try_from(e.date().day()).unwrap() >= from
                    && e.amount().unwrap().minor() >= least
                    && pending.is_none_or(|p| p == e.transaction.pending)
            }).collect();
            let (mut all, mut behind) = (Vec::new(), None);
            loop {
                let LedgerPage { entries, next } = page(&entries, &filter, behind, NonZeroUsize::new(limit).unwrap());
                prop_assert!(entries.len() == limit || next.is_none());
                all.extend(entries);
                let Some(next) = next else { break };
                prop_assert_eq!(next.to_string().parse(), Ok(next));
                behind = Some(next);
            }
            prop_assert_eq!(all, naive);
        }

        #[test]
        fn an_entry_that_goes_moves_no_other_to_another_page(entries in any_entries(), at in 0_usize..30) {
            let two = NonZeroUsize::new(2).unwrap();
            let Some(behind) = entries.get(at).map(Cursor::behind) else { return Ok(()) };
            let before = page(&entries, &Filter::default(), Some(behind), two);
            let mut without = entries.clone();
            without.remove(at);
            prop_assert_eq!(page(&without, &Filter::default(), Some(behind), two), before);
        }
    }
}

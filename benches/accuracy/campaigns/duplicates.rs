//! Duplicates: whether suggested pairs are copies of one purchase, and whether copies are found.
//!
//! People are made up, with integers from a seed alone. Each has one to three accounts over a year
//! and a half, and buys at merchants of their own, half of which have one fixed price: so equal
//! purchases on one day, on neighbouring days and on two accounts of one person are frequent.
//! Half of the people have no copy at all. Of the others each has one of these, of one account:
//!
//! - *linked anew*: the old account ends some day, the new one tells 3 to 12 months before it once
//!   more; 1 in 20 descriptions loses its numbers, 1 in 33 dates is a day later;
//! - *a file beside the feed*: the bank's own table of some months, which tells the day of the
//!   purchase and not of the posting (1 in 4 rows, up to 3 days earlier), with the bank's raw
//!   description where the feed of 2 in 5 people has a clean name;
//! - *two exports*: of overlapping months under two account names; one cuts descriptions to 18
//!   characters;
//! - *an export with what was pending*: three days of it pending, and posted 1 to 3 days later in
//!   a second one, 1 in 10 with a tip on top, which no rule about equal amounts can find.
//!
//! 1 in 50 rows is missing from a copy, and 1 in 20 descriptions of a bank names a company that
//! the merchant's name says nothing of. A pair is *right* when its two rows are of one account,
//! merchant, amount and day of purchase: two equal purchases of one day cannot be told apart, and
//! need not be. *Recall* is over purchases with two rows, tips included.
//! *Naive* is the rule that any two rows of one day and amount are duplicates.
#![expect(clippy::expect_used, reason = "a campaign that fails should say where")]

use std::collections::BTreeMap;

use payme_core::evidence::ledger::{DuplicateKind, LedgerEntry, duplicates, view};
use payme_core::sync::{Record, Transaction};
use payme_core::types::{Date, Money, RecordId};

use super::figure::{Bound, Figure, Size};
use super::random::{Purpose, Stream};

const SEED: u64 = 20_260_214;
/// A year and a half.
const DAYS: usize = 540;
const FIRST: [&str; 16] = [
    "Amber", "Blue", "Corner", "Delta", "Elm", "Foxglove", "Golden", "Harbor", "Iron", "Juniper",
    "Kestrel", "Lakeside", "Maple", "Northern", "Orchard", "Prairie",
];
const SECOND: [&str; 16] = [
    "Bakery", "Cafe", "Diner", "Fuel", "Grocers", "Hardware", "Books", "Laundry", "Market",
    "Noodles", "Optical", "Parking", "Pharmacy", "Pizza", "Transit", "Video",
];
const CITIES: [&str; 8] = [
    "OAKLAND CA",
    "AUSTIN TX",
    "TULSA OK",
    "RENO NV",
    "SALEM OR",
    "BOISE ID",
    "MACON GA",
    "FARGO ND",
];

/// Runs the campaign.
pub(crate) fn run(size: Size) -> Vec<Figure> {
    let people = match size {
        Size::Small => 60,
        Size::Full => 2_000,
    };
    let mut told = Told::default();
    for number in 0..people {
        told.judge(&Person::new(number));
    }
    told.figures(people)
}

/// What makes two purchases the same as far as anybody can tell.
type Key = (usize, usize, i64, usize);

#[derive(Default)]
struct Told {
    right: [usize; 2],
    found: [usize; 2],
    copies: usize,
    found_copies: usize,
    without_copies: usize,
    naive_right: usize,
    naive_found: usize,
}

impl Told {
    fn judge(&mut self, person: &Person) {
        let found = duplicates(&person.entries());
        let of = |id: &RecordId| person.keys.get(id);
        for one in &found {
            let kind = usize::from(one.kind == DuplicateKind::Fuzzy);
            let is_right = of(&one.first).is_some() && of(&one.first) == of(&one.second);
            self.found[kind] += 1;
            self.right[kind] += usize::from(is_right);
            self.found_copies += usize::from(is_right);
        }
        self.copies += person.copies;
        self.without_copies += if person.copies == 0 { found.len() } else { 0 };
        let mut equal: BTreeMap<(Date, i64), Vec<Key>> = BTreeMap::new();
        for row in &person.rows {
            let minor = row.amount.map_or(0, Money::minor);
            equal.entry((row.date, minor)).or_default().extend(of(&row.id).copied());
        }
        for pair in equal.values().flat_map(|keys| keys.chunks_exact(2)) {
            self.naive_found += 1;
            self.naive_right += usize::from(person.copies > 0 && pair[0] == pair[1]);
        }
    }

    fn figures(&self, people: usize) -> Vec<Figure> {
        let Self { right, found, .. } = self;
        let all = |of: &[usize; 2]| of[0] + of[1];
        let share = Figure::share;
        vec![
            share("precision of suggestions", all(right), all(found), Bound::AtLeast(0.97)),
            share("recall of copies", self.found_copies, self.copies, Bound::AtLeast(0.9)),
            share("precision of exact suggestions", right[0], found[0], Bound::Told),
            share("precision of fuzzy suggestions", right[1], found[1], Bound::Told),
            share(
                "wrong suggestions a person without copies",
                self.without_copies,
                people / 2,
                Bound::AtMost(0.1),
            ),
            share(
                "naive: precision of equal day and amount",
                self.naive_right,
                self.naive_found,
                Bound::Told,
            ),
        ]
    }
}

struct Person {
    rows: Vec<Transaction>,
    /// What each row is a row of.
    keys: BTreeMap<RecordId, Key>,
    /// How many purchases have two rows.
    copies: usize,
}

struct Merchant {
    name: String,
    /// Always the same price, or whatever it comes to.
    price: Option<i64>,
}

struct Purchase {
    account: usize,
    merchant: usize,
    day: usize,
    cents: i64,
    /// What the bank writes.
    raw: String,
}

/// Where a row stands, and how it tells of its purchase.
struct Place<'a> {
    account: &'a str,
    has_own_id: bool,
    pending: bool,
    day: usize,
    cents: i64,
    name: String,
    merchant_name: Option<&'a str>,
}

impl Person {
    fn new(number: usize) -> Self {
        let mut stream = Stream::new(SEED, Purpose::User, number);
        let stream = &mut stream;
        let merchants: Vec<Merchant> = (0..24).map(|_| merchant(stream)).collect();
        let accounts = stream.between(1, 3);
        let purchases: Vec<Purchase> =
            (0..accounts).flat_map(|account| purchases(stream, account, &merchants)).collect();
        let mut person = Self { rows: Vec::new(), keys: BTreeMap::new(), copies: 0 };
        // Half of the people have no copy; of the others each kind has as many.
        let story = if number.is_multiple_of(2) { 4 } else { number / 2 % 4 };
        let is_clean = stream.percent(40);
        let turn = stream.between(200, DAYS - 60);
        let history = stream.between(90, 360);
        for purchase in &purchases {
            let merchant = &merchants[purchase.merchant].name;
            let account = ["checking", "card", "savings"][purchase.account];
            let name = if is_clean { merchant.clone() } else { purchase.raw.clone() };
            let feed = Place {
                account,
                has_own_id: true,
                pending: false,
                day: purchase.day,
                cents: purchase.cents,
                name,
                merchant_name: stream.percent(70).then_some(merchant.as_str()),
            };
            match (story, purchase.account) {
                (0, 0) => person.linked_anew(stream, purchase, feed, turn, history),
                (1, 0) => person.beside_a_file(stream, purchase, feed, turn, history),
                (2, 0) => person.exported_twice(stream, purchase, turn, history),
                (3, 0) => person.exported_pending(stream, purchase, turn),
                _ => person.add(purchase, feed),
            }
        }
        person
    }

    fn linked_anew(
        &mut self,
        stream: &mut Stream,
        purchase: &Purchase,
        feed: Place<'_>,
        turn: usize,
        history: usize,
    ) {
        let is_old = purchase.day < turn;
        let is_new = purchase.day + history >= turn && !stream.percent(2);
        let name = if stream.percent(5) { without_numbers(&feed.name) } else { feed.name.clone() };
        let day = feed.day + usize::from(stream.percent(3));
        let anew = Place { account: "checking anew", day, name, ..feed };
        self.copies += usize::from(is_old && is_new);
        if is_old {
            self.add(
                purchase,
                Place { account: "checking", day: purchase.day, name: feed.name, ..anew },
            );
        }
        if is_new {
            self.add(purchase, anew);
        }
    }

    fn beside_a_file(
        &mut self,
        stream: &mut Stream,
        purchase: &Purchase,
        feed: Place<'_>,
        turn: usize,
        history: usize,
    ) {
        let window = turn.saturating_sub(history)..turn;
        let earlier = stream.share(&[(75, 0), (15, 1), (7, 2), (3, 3)]);
        if window.contains(&purchase.day) && !stream.percent(2) {
            self.copies += 1;
            self.add(purchase, file("", purchase.day.saturating_sub(earlier), purchase, false));
        }
        self.add(purchase, feed);
    }

    fn exported_twice(
        &mut self,
        stream: &mut Stream,
        purchase: &Purchase,
        turn: usize,
        history: usize,
    ) {
        let is_first = purchase.day < turn;
        let is_second = purchase.day + history >= turn && !stream.percent(2);
        self.copies += usize::from(is_first && is_second);
        if is_first {
            self.add(purchase, file("first", purchase.day, purchase, false));
        }
        if is_second {
            let name = purchase.raw.chars().take(18).collect();
            self.add(purchase, Place { name, ..file("second", purchase.day, purchase, false) });
        }
    }

    /// Two exports under one account name: equal rows have one id and are one record.
    fn exported_pending(&mut self, stream: &mut Stream, purchase: &Purchase, turn: usize) {
        let later = stream.between(1, 3);
        let has_tip = stream.percent(10);
        if !(turn..turn + 3).contains(&purchase.day) {
            self.add(purchase, file("bank", purchase.day, purchase, false));
            return;
        }
        self.copies += 1;
        let name = format!("PENDING {}", without_numbers(&purchase.raw));
        self.add(purchase, Place { name, ..file("bank", purchase.day, purchase, true) });
        let cents = purchase.cents + if has_tip { 100 } else { 0 };
        self.add(purchase, Place { cents, ..file("bank", purchase.day + later, purchase, false) });
    }

    fn add(&mut self, purchase: &Purchase, place: Place<'_>) {
        let id = row_id(self.rows.len());
        let Purchase { account, merchant, day, cents, .. } = purchase;
        self.keys.insert(id, (*account, *merchant, *cents, *day));
        self.rows.push(Transaction {
            id,
            date: date(place.day),
            amount: Some(Money::usd_cents(place.cents)),
            name: place.name,
            merchant_name: place.merchant_name.map(str::to_owned),
            category: None,
            pending: place.pending,
            supersedes: None,
            recurring: false,
            account: Some(place.account.to_owned()).filter(|account| !account.is_empty()),
            minute: None,
            has_own_id: place.has_own_id,
            extra: None,
        });
    }

    fn entries(&self) -> Vec<LedgerEntry> {
        let records: Vec<Record> = self.rows.iter().cloned().map(Record::Transaction).collect();
        view(&records, [])
    }
}

fn file<'a>(account: &'a str, day: usize, purchase: &Purchase, pending: bool) -> Place<'a> {
    let Purchase { cents, raw, .. } = purchase;
    let (cents, name) = (*cents, raw.clone());
    Place { account, has_own_id: false, pending, day, cents, name, merchant_name: None }
}

fn merchant(stream: &mut Stream) -> Merchant {
    let name = format!("{} {}", stream.pick(&FIRST), stream.pick(&SECOND));
    let price = stream.percent(50).then(|| 25 * cents(stream.between(8, 60)));
    Merchant { name, price }
}

/// About 25 purchases a month; one in six of a fixed price is made twice that day.
fn purchases(stream: &mut Stream, account: usize, merchants: &[Merchant]) -> Vec<Purchase> {
    let mut purchases = Vec::new();
    for day in 0..DAYS {
        for _ in 0..stream.share(&[(45, 0), (35, 1), (15, 2), (5, 4)]) {
            let number = stream.below(merchants.len());
            let Merchant { name, price } = &merchants[number];
            let cents = price.unwrap_or_else(|| cents(stream.between(150, 12_000)));
            let times = if price.is_some() && stream.percent(17) { 2 } else { 1 };
            for _ in 0..times {
                let (store, city) = (stream.below(10_000), stream.pick(&CITIES));
                let raw = match stream.below(3) {
                    0 => format!("SQ *{} {store:04}", name.to_uppercase()),
                    1 if stream.percent(15) => format!("HLD SVCS {store:04} {city}"),
                    1 => format!("{} #{store} {city}", name.to_uppercase()),
                    _ => format!("POS {} {city}", name.to_uppercase()),
                };
                purchases.push(Purchase { account, merchant: number, day, cents, raw });
            }
        }
    }
    purchases
}

fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit() && *c != '#').collect()
}

fn cents(n: usize) -> i64 {
    i64::try_from(n).unwrap_or_default()
}

/// The id of the row of this number: in no order that tells what it is a row of.
fn row_id(number: usize) -> RecordId {
    let id = Stream::new(SEED, Purpose::Message, number).uuid().parse();
    id.expect("a UUID as the generator writes it")
}

fn date(day: usize) -> Date {
    let start = Date::constant(2023, 1, 1);
    let days = jiff::Span::new().days(cents(day));
    start.checked_add(days).unwrap_or(start)
}

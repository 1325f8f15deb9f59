//! Made-up descriptors: names of brands as banks would garble them, and names nobody knows.
//!
//! In: a seed, and a list of brands. Out: descriptors with the name behind each. The brands are
//! those of `merchants/us_brands.json` in the folder that `PAYME_TEST_DATA` names, or made-up ones.
//!
//! How a descriptor is made of a name, each step with its own chance:
//!
//! 1. The name loses its apostrophe, `&` becomes `AND` or a blank, `INC` or `LLC` is added.
//! 2. None (52 in 100), one (36) or two (12) of: a letter swapped with its neighbour, dropped,
//!    doubled or replaced; the vowels of a word dropped; the blanks dropped; the end cut off behind
//!    10 to 18 letters.
//! 3. Upper case (85).
//! 4. Something before it (60): a payment processor, words of the bank, a date; one in twelve is
//!    of no processor that the rules know.
//! 5. The number of a shop (45).
//! 6. A city and its state (50), as `places.rs` draws them; or a phone number and a state (15); or
//!    the state alone (5).
//! 7. A reference (20), a date (12), the end of a card's number (8), words of the bank (6).
//! 8. The whole is cut to 22 or 25 characters before the city (8).
//!
//! The rules for descriptors were not written from these lists, nor these from the rules.

#[path = "descriptors/places.rs"]
pub(crate) mod places;

use std::collections::BTreeSet;

use payme_core::text::{SimilarName, TrigramIndex};
use serde_json::Value;

/// The variable that names the folder with real material.
const FOLDER: &str = "PAYME_TEST_DATA";
/// One in so many brands is held out.
const HELD_OUT_ONE_IN: usize = 5;
/// Letters are spoilt in names of at least so many: `RI` says nothing of `REI`.
const SPOILT_FROM: usize = 5;
/// A held-out name is nothing like a known one: none is this similar.
const DISJOINT_ABOVE: f32 = 0.8;

/// A brand and its other names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Brand {
    /// Its name.
    pub(crate) name: String,
    /// Other names.
    pub(crate) aliases: Vec<String>,
}

/// Random numbers: `SplitMix64` (Steele, Lea and Flood, 2014).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is not 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::try_from((u128::from(self.next()) * n as u128) >> 64).unwrap_or(0)
    }

    /// A number from `min` to `max`.
    pub(crate) fn between(&mut self, min: usize, max: usize) -> usize {
        min + self.below(max - min + 1)
    }

    /// True in so many of a hundred draws.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0))).collect()
    }

    fn code(&mut self, count: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ0123456789";
        (0..count).map(|_| char::from(LETTERS[self.below(LETTERS.len())])).collect()
    }
}

/// The brands of the test data, where there is a folder with it.
pub(crate) fn real_brands() -> Option<Vec<Brand>> {
    let path = std::path::PathBuf::from(std::env::var_os(FOLDER)?).join("merchants/us_brands.json");
    let rows: Vec<Value> = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let brand = |row: Value| {
        // The list tells brands of one name apart by a region in brackets, which no bank writes.
        let name = row["name"].as_str()?.split(" (").next()?.to_owned();
        // The rest is in other scripts, whose names no American bank would write.
        let is_latin = name.chars().any(|c| c.is_ascii_alphanumeric());
        let listed = row["match"].as_array().cloned().unwrap_or_default();
        let others = ["alt", "short"].map(|field| row[field].clone());
        let aliases = listed.into_iter().chain(others).filter_map(|alias| {
            let aliases = alias.as_str()?.split(';').map(|one| one.trim().to_owned());
            Some(aliases.filter(|alias| !alias.is_empty()).collect::<Vec<_>>())
        });
        let aliases: BTreeSet<String> = aliases.flatten().filter(|alias| *alias != name).collect();
        is_latin.then(|| Brand { name, aliases: aliases.into_iter().collect() })
    };
    let mut brands: Vec<Brand> = rows.into_iter().filter_map(brand).collect();
    brands.sort();
    brands.dedup_by(|next, kept| {
        let is_same = letters(&next.name) == letters(&kept.name);
        if is_same {
            kept.aliases.append(&mut next.aliases);
        }
        is_same
    });
    Some(brands)
}

/// A name as letters and digits only.
pub(crate) fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect()
}

/// What the names of made-up brands are made of.
const BEGINNINGS: [&str; 60] = [
    "bram", "cor", "del", "fen", "gald", "hest", "ith", "jor", "kel", "lum", "mar", "nor", "ost",
    "pel", "quin", "rud", "sel", "tarn", "ulm", "ver", "wex", "yar", "zel", "ash", "birch", "clar",
    "dun", "elm", "fair", "glen", "haw", "iron", "juni", "kings", "lark", "moss", "nettle", "oak",
    "pine", "quill", "rook", "stone", "thorn", "under", "vine", "wil", "yew", "alder", "black",
    "copper", "drift", "ever", "flint", "gran", "harbor", "indigo", "jade", "kestrel", "lantern",
    "mer",
];
const ENDINGS: [&str; 40] = [
    "wick", "ton", "ford", "ley", "mere", "stead", "field", "wood", "gate", "well", "brook",
    "croft", "dale", "fell", "ham", "hurst", "low", "mont", "ridge", "shaw", "vale", "worth",
    "ana", "ello", "ique", "ora", "ius", "ex", "ix", "ado", "ero", "ini", "ova", "ley", "son",
    "man", "berg", "stein", "sky", "ora",
];
/// What businesses do.
pub(crate) const TRADES: [&str; 40] = [
    "Coffee",
    "Bakery",
    "Pizza",
    "Hotel",
    "Motors",
    "Fitness",
    "Books",
    "Pharmacy",
    "Market",
    "Grill",
    "Cleaners",
    "Hardware",
    "Jewelers",
    "Salon",
    "Burgers",
    "Outfitters",
    "Tea",
    "Auto",
    "Dental",
    "Foods",
    "Brewing",
    "Toys",
    "Optical",
    "Shoes",
    "Pets",
    "Storage",
    "Bank",
    "Energy",
    "Travel",
    "Florist",
    "Tacos",
    "Kitchen",
    "Cinema",
    "Golf",
    "Yoga",
    "Farms",
    "Dairy",
    "Sushi",
    "Donuts",
    "Wireless",
];

/// A word with a capital letter.
pub(crate) fn title(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

/// Whose names are made up: those in a directory and others begin with other syllables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pool {
    /// Brands of a directory.
    Directory,
    /// Businesses that no directory has.
    Strangers,
}

/// A made-up name of a business.
pub(crate) fn made_up_name(dice: &mut Dice, pool: Pool) -> String {
    let (directory, strangers) = BEGINNINGS.split_at(BEGINNINGS.len() * 2 / 3);
    let beginnings = if pool == Pool::Directory { directory } else { strangers };
    let root =
        |dice: &mut Dice| title(&format!("{}{}", dice.pick(beginnings), dice.pick(&ENDINGS)));
    let first = root(dice);
    match dice.below(10) {
        0..=1 => first,
        2..=5 => format!("{first} {}", dice.pick(&TRADES)),
        6 => format!("{first} & {}", root(dice)),
        7 => format!("{first}'s {}", dice.pick(&TRADES)),
        8 => format!("{first} {} {}", root(dice), dice.pick(&TRADES)),
        _ => format!("The {first} {}", dice.pick(&TRADES)),
    }
}

/// So many made-up brands, no two with the same words.
pub(crate) fn made_up_brands(count: usize) -> Vec<Brand> {
    let mut dice = Dice(11);
    let mut seen = BTreeSet::new();
    let mut brands = Vec::new();
    while brands.len() < count {
        let name = made_up_name(&mut dice, Pool::Directory);
        if seen.insert(words(&name).concat()) {
            let short = words(&name).first().filter(|_| dice.percent(10)).map(|word| title(word));
            let aliases = short.into_iter().filter(|short| seen.insert(letters(short))).collect();
            brands.push(Brand { name, aliases });
        }
    }
    brands.sort();
    brands
}

/// Brands in three parts.
pub(crate) struct Parted {
    /// Those in the directory.
    pub(crate) known: Vec<Brand>,
    /// Those held out that share no name with a known one.
    pub(crate) unknown: Vec<Brand>,
    /// Those held out that do, such as a part of a known business.
    pub(crate) related: Vec<Brand>,
    names: Names,
}

/// The names of known brands. Two brands share a name where one begins with the words of the other,
/// or they differ in vowels only, or are more similar than 0.8; a `the` at the beginning and an `s`
/// at the end of a word do not make a difference.
struct Names {
    listed: Vec<String>,
    index: TrigramIndex,
    /// Each name.
    whole: BTreeSet<String>,
    /// Each name up to each of its words.
    begun: BTreeSet<String>,
    /// Each name without vowels.
    bare: BTreeSet<String>,
}

impl Names {
    fn new(brands: &[Brand]) -> Self {
        let names = names_of(brands);
        Self {
            listed: names.clone(),
            index: TrigramIndex::new(&names),
            whole: names.iter().map(|name| words(name).concat()).collect(),
            begun: names.iter().flat_map(|name| beginnings(name)).collect(),
            bare: names.iter().map(|name| bare(name)).collect(),
        }
    }

    fn share(&self, name: &str) -> bool {
        beginnings(name).iter().any(|begin| self.whole.contains(begin))
            || self.begun.contains(&words(name).concat())
            || self.bare.contains(&bare(name))
            || !self.index.top(name, 1, DISJOINT_ABOVE).is_empty()
    }
}

impl Parted {
    /// Holds out one brand in five.
    pub(crate) fn new(brands: Vec<Brand>) -> Self {
        let mut dice = Dice(7);
        let (out, known): (Vec<Brand>, Vec<Brand>) =
            brands.into_iter().partition(|_| dice.below(HELD_OUT_ONE_IN) == 0);
        let names = Names::new(&known);
        let (related, unknown) = out.into_iter().partition(|brand| {
            names.share(&brand.name) || brand.aliases.iter().any(|alias| names.share(alias))
        });
        Self { known, unknown, related, names }
    }

    /// Whether a brand and another word are, or begin, a known name, or are nearly another one.
    pub(crate) fn is_nearly_known(&self, brand: &Brand, word: &str) -> bool {
        let name = format!("{} {word}", brand.name);
        let joined = words(&name).concat();
        let own = names_of(std::slice::from_ref(brand));
        let others = |hit: &SimilarName| {
            let at = usize::try_from(hit.number).unwrap_or(usize::MAX);
            self.names.listed.get(at).is_some_and(|name| !own.contains(name))
        };
        let similar = self.names.index.top(&name, own.len() + 1, DISJOINT_ABOVE);
        self.names.whole.range(joined.clone()..).next().is_some_and(|one| one.starts_with(&joined))
            || self.names.bare.contains(&bare(&name))
            || similar.iter().any(others)
    }

    /// A made-up name of a business that shares no name with a known one.
    pub(crate) fn unknown_name(&self, dice: &mut Dice) -> String {
        loop {
            let name = made_up_name(dice, Pool::Strangers);
            if !self.names.share(&name) {
                return name;
            }
        }
    }
}

fn beginnings(name: &str) -> Vec<String> {
    let words = words(name);
    (1..=words.len()).map(|count| words[..count].concat()).collect()
}

/// A name without vowels.
fn bare(name: &str) -> String {
    words(name).concat().chars().filter(|c| !"aeiou".contains(*c)).collect()
}

fn words(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| c.is_whitespace() || matches!(c, '-' | '&' | '/'));
    let word = |part: &str| {
        let letters = letters(part);
        letters.strip_suffix('s').map_or(letters.clone(), str::to_owned)
    };
    parts.map(word).filter(|word| !word.is_empty() && word != "the").collect()
}

/// All names and aliases.
pub(crate) fn names_of(brands: &[Brand]) -> Vec<String> {
    let names = |brand: &Brand| {
        std::iter::once(brand.name.clone()).chain(brand.aliases.clone()).collect::<Vec<_>>()
    };
    brands.iter().flat_map(names).collect()
}

const FIRST_NAMES: [&str; 16] = [
    "Jane", "Omar", "Priya", "Lucas", "Wen", "Marta", "Dmitri", "Aisha", "Noah", "Ines", "Kofi",
    "Sven", "Lupe", "Hana", "Ravi", "Tess",
];
const LAST_NAMES: [&str; 16] = [
    "Roe", "Abara", "Nandi", "Ferro", "Liang", "Kowal", "Petrov", "Haddad", "Byrne", "Sousa",
    "Mensah", "Lindt", "Ortega", "Tanaka", "Iyer", "Vance",
];

/// A payment to a made-up person.
pub(crate) fn payee(dice: &mut Dice) -> String {
    let name = format!("{} {}", dice.pick(&FIRST_NAMES), dice.pick(&LAST_NAMES));
    let name = if dice.percent(60) { name.to_uppercase() } else { name };
    match dice.below(6) {
        0 => format!("Zelle payment to {name} {}", dice.code(11)),
        1 => format!("VENMO *{name}"),
        2 => format!("CASH APP*{name} 8774174551 CA"),
        3 => format!("CHECK {} {name}", dice.digits(4)),
        4 => format!("Online Transfer to {name} Ref #{}", dice.code(8)),
        _ => format!("{name} {}", places::city_and_state(dice)),
    }
}

fn typo(dice: &mut Dice, text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let places: Vec<usize> =
        (1..chars.len().saturating_sub(1)).filter(|at| chars[*at].is_ascii_alphabetic()).collect();
    if places.is_empty() {
        return text.to_owned();
    }
    let at = places[dice.below(places.len())];
    match dice.below(4) {
        0 => chars.swap(at, at + 1),
        1 => {
            chars.remove(at);
        }
        2 => chars.insert(at, chars[at]),
        _ => chars[at] = char::from(b'a' + u8::try_from(dice.below(26)).unwrap_or(0)),
    }
    chars.into_iter().collect()
}

fn without_vowels(dice: &mut Dice, text: &str) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let long: Vec<usize> = (0..words.len()).filter(|at| words[*at].len() >= 5).collect();
    if !long.is_empty() {
        let word = &mut words[long[dice.below(long.len())]];
        let mut is_first = true;
        word.retain(|c| std::mem::take(&mut is_first) || !"aeiouAEIOU".contains(c));
    }
    words.join(" ")
}

/// The name as it may stand in a descriptor.
pub(crate) fn spoilt(dice: &mut Dice, name: &str) -> String {
    let mut text: String = name.replace(['\'', '\u{2019}'], "");
    if text.contains('&') {
        text = text.replace('&', dice.pick(&["AND", " ", "&"]));
    }
    text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let times = match dice.below(100) {
        0..=51 => 0,
        52..=87 => 1,
        _ => 2,
    };
    let is_short = letters(name).len() < SPOILT_FROM;
    for _ in 0..times {
        text = match dice.below(7) {
            0..=3 if is_short => text,
            0..=2 => typo(dice, &text),
            3 => without_vowels(dice, &text),
            4 => text.replace(' ', ""),
            5 => {
                let cut: String = text.chars().take(dice.between(10, 18)).collect();
                cut.trim_end().to_owned()
            }
            _ => format!("{text} {}", dice.pick(&["INC", "LLC", "CO", "CORP"])),
        };
    }
    text
}

/// What stands before a name; the last two are of no processor that there is.
const BEFORE: [&str; 24] = [
    "SQ *",
    "TST* ",
    "PAYPAL *",
    "SP ",
    "PY *",
    "CKE*",
    "FS *",
    "GOOGLE *",
    "APL*",
    "PP*",
    "POS DEBIT ",
    "ACH DEBIT ",
    "CHECKCARD 0412 ",
    "RECURRING PAYMENT ",
    "PURCHASE AUTHORIZED ON 03/14 ",
    "DEBIT CARD PURCHASE ",
    "POS PURCHASE ",
    "CLOVER* ",
    "VISA PURCHASE ",
    "03/14 ",
    "PURCHASE ",
    "WEB PMT ",
    "QZV*",
    "BLX *",
];

/// What is longer comes from the bank, which puts it before a field that was cut already.
const PROCESSOR_MAX: usize = 8;

fn store_number(dice: &mut Dice) -> String {
    let digits = dice.between(2, 5);
    let number = dice.digits(digits);
    match dice.below(6) {
        0..=1 => format!(" #{number}"),
        2..=3 => format!(" {number}"),
        4 => format!(" STORE {number}"),
        _ => format!(" T-{}", dice.digits(4)),
    }
}

/// A descriptor of a name.
pub(crate) fn garbled(dice: &mut Dice, name: &str) -> String {
    let mut text = spoilt(dice, name);
    if dice.percent(85) {
        text = text.to_uppercase();
    }
    let before = if dice.percent(60) { dice.pick(&BEFORE) } else { "" };
    if before.len() <= PROCESSOR_MAX {
        text = format!("{before}{text}");
    }
    if dice.percent(45) {
        text += &store_number(dice);
    }
    if dice.percent(8) {
        text = text.chars().take(if dice.percent(50) { 22 } else { 25 }).collect();
    }
    if before.len() > PROCESSOR_MAX {
        text = format!("{before}{text}");
    }
    let state = places::state(dice);
    match dice.below(100) {
        0..=49 => text += &format!(" {}", places::city_and_state(dice).to_uppercase()),
        50..=64 => {
            text += &format!(" {}-{}-{} {state}", dice.digits(3), dice.digits(3), dice.digits(4));
        }
        65..=69 => text += &format!(" {state}"),
        _ => {}
    }
    if dice.percent(20) {
        text += &match dice.below(3) {
            0 => format!(" REF {}", dice.digits(9)),
            1 => format!("*{}", dice.code(9)),
            _ => format!(" {}", dice.digits(12)),
        };
    }
    if dice.percent(12) {
        text += &format!(" {:02}/{:02}", dice.between(1, 12), dice.between(1, 28));
    }
    if dice.percent(8) {
        text += &format!(" CARD {}", dice.digits(4));
    }
    if dice.percent(6) {
        text += dice.pick(&[" RECURRING", " PURCHASE", " USA", " AUTOPAY"]);
    }
    text
}

//! Merchants: how often a garbled descriptor is resolved to its merchant, and an unknown one to
//! none.
//!
//! `descriptors.rs` says how descriptors are garbled and what unknown means. Brands are those of
//! the test data where there is a folder with it, or 5,000 made-up ones. The unknown names are in
//! two parts of five each held out or made-up businesses, and in one payments to people. All
//! seeds are fixed. *Right first* counts the best candidate whether it is named or not.

use payme_core::evidence::{LearnedAliases, Merchant, MerchantDirectory, Resolution};
use payme_core::text::TrigramIndex;

use super::descriptors::places::word_and_state;
use super::descriptors::{
    Brand, Dice, Parted, garbled, made_up_brands, names_of, payee, real_brands,
};
use super::figure::{Bound, Figure, Size};

const MADE_UP_BRANDS: usize = 5_000;
/// Probabilities are this close to what they state.
const CALIBRATION_MAX: f64 = 0.01;

/// Runs the campaign.
pub(crate) fn run(size: Size) -> Vec<Figure> {
    let real = real_brands();
    let is_real = real.is_some();
    if !is_real {
        println!("  over made-up brands: PAYME_TEST_DATA names no folder with real ones");
    }
    let parted = Parted::new(real.unwrap_or_else(|| made_up_brands(MADE_UP_BRANDS)));
    let directory =
        MerchantDirectory::new(parted.known.iter().map(merchant), LearnedAliases::default())
            .unwrap_or_else(|_| MerchantDirectory::empty());
    let (known, unknown, more) =
        if size == Size::Full { (10_000, 1_000, 20_000) } else { (2_000, 200, 100) };
    let mut figures = of_known(&directory, &parted.known, known);
    let mut strangers = Dice(31);
    let answered = |dice: &mut Dice, count: usize| {
        let answers = |at: usize| {
            let descriptor = stranger(dice, &parted, at, is_real);
            directory.resolve(&descriptor).resolved().is_some()
        };
        (0..count).map(answers).filter(|is_answered| *is_answered).count()
    };
    let name = "unknown names that were answered, share";
    let count = answered(&mut strangers, unknown);
    figures.push(Figure::share(name, count, unknown, Bound::AtMost(0.0)));
    let name = "of many more unknown names, share answered";
    let count = answered(&mut strangers, more);
    figures.push(Figure::share(name, count, more, Bound::AtMost(0.001)));
    let words = if size == Size::Full { 10_000 } else { 1_000 };
    figures.push(of_other_words(&directory, &parted, words));
    figures.push(of_related(&directory, &parted.related));
    figures
}

fn merchant(brand: &Brand) -> Merchant {
    Merchant { name: brand.name.clone(), aliases: brand.aliases.clone() }
}

/// The figures over garbled descriptors of known brands.
fn of_known(directory: &MerchantDirectory, known: &[Brand], cases: usize) -> Vec<Figure> {
    let names = names_of(known);
    let raw = TrigramIndex::new(&names);
    let mut dice = Dice(17);
    let (mut first, mut answered, mut wrong, mut raw_first) = (0, 0, 0, 0);
    let mut stated = 0.0;
    for _ in 0..cases {
        let brand = &known[dice.below(known.len())];
        let descriptor = garbled(&mut dice, &brand.name);
        let resolution = directory.resolve(&descriptor);
        let key = merchant(brand).key().ok();
        let best = resolution.explanation().candidates.first();
        let is_right = best.is_some_and(|best| Some(&best.key) == key.as_ref());
        first += usize::from(is_right);
        if let Resolution::Resolved(resolved) = &resolution {
            answered += 1;
            wrong += usize::from(!is_right);
            stated += resolved.probability;
        }
        let raw_best = raw.top(&descriptor, 1, 0.0);
        let raw_best =
            raw_best.first().and_then(|hit| names.get(usize::try_from(hit.number).ok()?));
        raw_first += usize::from(
            raw_best.is_some_and(|name| *name == brand.name || brand.aliases.contains(name)),
        );
    }
    let share = Figure::share("stated", answered - wrong, answered, Bound::Told).value;
    #[expect(clippy::cast_precision_loss, reason = "campaigns have fewer than 2^53 cases")]
    let off = (stated / answered.max(1) as f64 - share).abs();
    vec![
        Figure::share("known names, right first, share", first, cases, Bound::AtLeast(0.97)),
        Figure::share("known names, answered, share", answered, cases, Bound::AtLeast(0.9)),
        Figure::share("wrong among the answered, share", wrong, answered, Bound::AtMost(0.01)),
        Figure {
            name: "stated probability and share right, difference",
            value: off,
            cases: answered,
            bound: Bound::AtMost(CALIBRATION_MAX),
        },
        Figure::share("the same by trigrams without cleaning", raw_first, cases, Bound::Told),
    ]
}

/// A descriptor of a name that the directory does not have.
fn stranger(dice: &mut Dice, parted: &Parted, at: usize, is_real: bool) -> String {
    match at % 5 {
        0..=1 if is_real => {
            let brand = &parted.unknown[dice.below(parted.unknown.len())];
            garbled(dice, &brand.name)
        }
        0..=3 => {
            let name = parted.unknown_name(dice);
            garbled(dice, &name)
        }
        _ => payee(dice),
    }
}

/// A known brand, a word that is no place of the state behind it, and that state: another business
/// than the brand, such as `TINDER JOHN MD`. Left out is what is, begins or nearly is another name.
fn of_other_words(directory: &MerchantDirectory, parted: &Parted, cases: usize) -> Figure {
    let mut dice = Dice(41);
    let (mut answered, mut count) = (0, 0);
    while count < cases {
        let brand = &parted.known[dice.below(parted.known.len())];
        let (word, state) = word_and_state(&mut dice);
        if !parted.is_nearly_known(brand, word) {
            count += 1;
            let descriptor = format!("{} {word} {state}", brand.name).to_uppercase();
            answered += usize::from(directory.resolve(&descriptor).resolved().is_some());
        }
    }
    let name = "a brand and another word before a state, answered";
    Figure::share(name, answered, cases, Bound::AtMost(0.0))
}

/// Businesses that share a part of their name with a known one, such as a shop in a shop.
fn of_related(directory: &MerchantDirectory, related: &[Brand]) -> Figure {
    let mut dice = Dice(37);
    let names = related.iter().map(|brand| garbled(&mut dice, &brand.name));
    let answered = names.filter(|name| directory.resolve(name).resolved().is_some()).count();
    let name = "held out, but sharing a name with a known one, answered";
    Figure::share(name, answered, related.len(), Bound::Told)
}

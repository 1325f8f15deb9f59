//! Where purchases are made, as banks write it, and words that stand there and are no place.
//!
//! In: the numbers of a [`Dice`]. Out: a city with its state, or a state.
//!
//! `us_places.txt` holds 6,000 draws of a city and its state. What was drawn from is every place
//! that a standard ZIP code is of (the Python package zipcodes 3.0.0, MIT, which has them from the
//! Postal Service and unitedstateszipcodes.org; the engine knows places by another list, that of
//! `GeoNames`). The chance of a place was its number of inhabitants, or 500 for each of its ZIP
//! codes where `GeoNames`, which has places from 500 inhabitants on, does not have it; so one draw
//! in thirty is of a place that the engine does not know. Of what is written:
//!
//! - Two in a hundred places are made up, in any state: no list has them.
//! - One in forty is misspelt.
//! - Half of the others are cut off behind 13 letters, the width that ISO 8583 has for a city.
//! - One in three that begin with `Saint`, `Fort`, `Mount` or a quarter of the sky begin with its
//!   abbreviation.

use std::sync::LazyLock;

use super::{Dice, typo};

/// What is drawn from: a line is a state, a colon, and its cities with `|` between them, each with
/// how often it was drawn if that is more than once.
static DRAWS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let lines = include_str!("us_places.txt").lines().filter(|line| !line.starts_with('#'));
    let cities = lines.filter_map(|line| line.split_once(':')).flat_map(|(state, cities)| {
        cities.split('|').flat_map(move |city| {
            let (city, times) = city.split_once('*').unwrap_or((city, "1"));
            std::iter::repeat_n((city, state), times.parse().unwrap_or(0))
        })
    });
    cities.collect()
});
/// The width of a city in the messages between banks.
const CITY_WIDTH: usize = 13;
const ABBREVIATIONS: [(&str, &str); 7] = [
    ("Saint ", "St "),
    ("Fort ", "Ft "),
    ("Mount ", "Mt "),
    ("North ", "N "),
    ("South ", "S "),
    ("East ", "E "),
    ("West ", "W "),
];
const MADE_UP: [&str; 20] = [
    "Fairmeadow",
    "North Halden",
    "Port Elsing",
    "Brackwater",
    "Lake Orren",
    "Millhaven",
    "Stonefield",
    "Cedar Hollow",
    "East Marlow",
    "Quarry Hill",
    "Dunmore",
    "Elkhorn Springs",
    "Harrowgate",
    "West Tilden",
    "Pinecrest",
    "Amberley",
    "Copperton",
    "Saint Osric",
    "Velmont",
    "Rushford",
];

/// A state, as often as its cities are drawn.
pub(crate) fn state(dice: &mut Dice) -> &'static str {
    DRAWS[dice.below(DRAWS.len())].1
}

/// A city as it is written, and its state.
pub(super) fn city_and_state(dice: &mut Dice) -> String {
    let (city, state) = DRAWS[dice.below(DRAWS.len())];
    let city = if dice.percent(2) { dice.pick(&MADE_UP) } else { city };
    let short = ABBREVIATIONS
        .iter()
        .find_map(|(long, short)| Some(format!("{short}{}", city.strip_prefix(long)?)));
    let city = short.filter(|_| dice.below(3) == 0).unwrap_or_else(|| city.to_owned());
    let written = match dice.below(40) {
        0 => typo(dice, &city),
        1..=20 => city.chars().take(CITY_WIDTH).collect(),
        _ => city,
    };
    format!("{} {state}", written.trim_end())
}

/// A word of every day, of business or of people, before the code of a state in which no place is
/// called so: `words.txt` has the words, each with the states in which a place is, however small,
/// by `GeoNames` or by the mail.
pub(crate) fn word_and_state(dice: &mut Dice) -> (&'static str, &'static str) {
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        include_str!("words.txt").lines().filter(|line| !line.starts_with('#')).collect()
    });
    loop {
        let (line, state) = (WORDS[dice.below(WORDS.len())], state(dice));
        let (word, places) = line.split_once(':').unwrap_or((line, ""));
        if !places.split(' ').any(|place| place == state) {
            return (word, state);
        }
    }
}

//! How well charges keep to a calendar, in bits.
//!
//! In: the charges of one merchant in one currency, ascending, and a [`Cadence`]. Out: the stretch
//! of occurrences on which the calendar tells more about the charges than their frequency alone,
//! and by how many bits.
//! All sums are of whole hundredths of a bit, so that no order and no machine changes a choice.
//! Work is one pass over the charges, whatever lies between the first and the last of them.

use super::calendar::{Cadence, CadenceKind, weekday_number};
use crate::types::RecordId;

/// Hundredths of a bit.
pub(super) type Bits = i64;

/// What a missed occurrence costs: one in ten is.
const MISSED: Bits = 332;

/// One charge, with what is asked of it again and again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) id: RecordId,
    /// The day, counted from 1970-01-01.
    pub(super) day: i32,
    /// The month, as `month_number` counts.
    pub(super) month: i32,
    /// The amount in minor units, above 0.
    pub(super) minor: i64,
    /// The number of its level of prices.
    pub(super) level: u32,
}

/// A charge in its place on a calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pick {
    /// The number of the occurrence.
    pub(super) occurrence: i32,
    /// The number of the charge.
    pub(super) point: u32,
    /// The days after it was due, negative for early.
    pub(super) offset: i32,
    /// How many bits its date and amount are worth.
    pub(super) bits: Bits,
}

/// A calendar and the charges that keep to it.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    pub(super) cadence: Cadence,
    /// What the calendar tells beyond the frequency of the charges, less what it takes to name it.
    pub(super) bits: Bits,
    /// Ascending; each occurrence has one charge.
    pub(super) picks: Vec<Pick>,
}

/// Finds the best stretch of `among` on a calendar; `None` where it tells nothing.
///
/// `rate` is how many bits the day of a charge is worth without a calendar; `picks` is room that
/// is used again.
pub(super) fn fit(
    points: &[Point],
    among: &[u32],
    cadence: Cadence,
    rate: Bits,
    picks: &mut Vec<Pick>,
) -> Option<(Bits, std::ops::Range<usize>)> {
    picks.clear();
    // The price of the pick before the last one, and that of the last.
    let (mut old, mut new): (Option<Price>, Option<Price>) = (None, None);
    for &index in among {
        let Some(point) = points.get(index as usize) else { continue };
        let Some((occurrence, offset)) = cadence.place(point.day, point.month) else { continue };
        let again = new.is_some_and(|price| price.occurrence == occurrence);
        let before = if again { old } else { new };
        let Some(amounts) = amount_bits(cadence.kind(), (occurrence, offset), before, point.minor)
        else {
            continue;
        };
        let dates = rate + offset_bits(cadence.kind(), point.day - offset, offset);
        let pick = Pick { occurrence, point: index, offset, bits: dates + amounts.bits };
        let price = Price { occurrence, minor: amounts.price };
        if !again {
            picks.push(pick);
            (old, new) = (new, Some(price));
        } else if let Some(last) = picks.last_mut()
            && pick.bits > last.bits
        {
            // A second charge of an occurrence is taken only where it fits better.
            *last = pick;
            new = Some(price);
        }
    }
    let (bits, range) = best_stretch(picks)?;
    Some((bits - cost(cadence), range))
}

/// What was paid for one occurrence.
#[derive(Clone, Copy)]
struct Price {
    occurrence: i32,
    minor: i64,
}

/// The stretch of picks with the largest sum, where each occurrence without a pick costs
/// [`MISSED`]; the earliest of equals. `None` where fewer than two picks are in it.
fn best_stretch(picks: &[Pick]) -> Option<(Bits, std::ops::Range<usize>)> {
    let mut best: Option<(Bits, std::ops::Range<usize>)> = None;
    let (mut sum, mut start, mut before) = (0, 0, None::<i32>);
    for (at, pick) in picks.iter().enumerate() {
        let missed = before.map_or(0, |before| i64::from(pick.occurrence) - i64::from(before) - 1);
        sum -= MISSED * missed;
        if sum <= 0 {
            (sum, start) = (0, at);
        }
        sum += pick.bits;
        before = Some(pick.occurrence);
        if at > start && best.as_ref().is_none_or(|(bits, _)| sum > *bits) {
            best = Some((sum, start..at + 1));
        }
    }
    best
}

/// How many bits the day of a charge is worth when only their number is known: the logarithm of
/// the mean days between them, with a month added for what lies outside.
pub(super) fn rate(points: &[Point], among: &[u32]) -> Bits {
    let day = |index: Option<&u32>| {
        index.and_then(|index| points.get(*index as usize)).map_or(0, |point| i64::from(point.day))
    };
    let span = day(among.last()) - day(among.first()) + 30;
    hundredths_of_log2(span, i64::try_from(among.len()).unwrap_or(i64::MAX).max(1))
}

/// A hundred times the binary logarithm of a quotient, rounded.
fn hundredths_of_log2(above: i64, below: i64) -> Bits {
    #[expect(clippy::cast_precision_loss, reason = "days and charges are fewer than 2^53")]
    let quotient = above as f64 / below as f64;
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm is below 64")]
    let hundredths = (quotient.log2() * 100.0).round() as i64;
    hundredths
}

/// What it takes to name a calendar: how rare its kind is, and how many anchors it has.
const fn cost(cadence: Cadence) -> Bits {
    let kind = match cadence.kind() {
        CadenceKind::Weekly => 580,
        CadenceKind::TwoWeekly => 680,
        CadenceKind::SemiMonthly => 950,
        CadenceKind::Monthly => 600,
        CadenceKind::Quarterly => 960,
        CadenceKind::Yearly => 1_100,
    };
    kind + if cadence.is_by_weekday() { 350 } else { 0 }
}

/// The logarithm of how likely a charge comes so many days after it is due.
///
/// Banks move what is due on a weekend, mostly to the Monday after it.
fn offset_bits(kind: CadenceKind, due: i32, offset: i32) -> Bits {
    let window = kind.window();
    if offset > window.grace {
        return -764;
    }
    match (weekday_number(due), offset) {
        (5, 2) | (6, 1) => -146,
        (5 | 6, 0) => -200,
        (5, -1) | (6, -2) => -306,
        (5, 3) | (6, 2) => -364,
        (5 | 6, _) => -564,
        (_, 0) => -51,
        (_, 1) => -332,
        (_, 2) => -464,
        (_, 3 | -1) => -506,
        (_, -2 | 4) => -664,
        _ => -838,
    }
}

/// By how many hundredths of a bit the date of a pick is less likely than the due day itself.
pub(super) fn stray(cadence: Cadence, pick: &Pick) -> Bits {
    let due = cadence.due(pick.occurrence);
    (offset_bits(cadence.kind(), due, 0) - offset_bits(cadence.kind(), due, pick.offset)).max(0)
}

/// What an amount adds, and the price that it is.
struct Amount {
    bits: Bits,
    price: i64,
}

/// What an amount adds, beside the price before; `None` where a charge that is far from its day
/// has another amount, and so is another purchase.
fn amount_bits(
    kind: CadenceKind,
    (occurrence, offset): (i32, i32),
    before: Option<Price>,
    minor: i64,
) -> Option<Amount> {
    let Some(Price { occurrence: before, minor: price }) = before else {
        return Some(Amount { bits: 0, price: minor });
    };
    if occurrence > before + 1 && is_double(price, minor) {
        // Both payments are there, so the occurrence before was not missed.
        return Some(Amount { bits: MISSED, price: minor / 2 });
    }
    let (small, large) = (i128::from(price.min(minor)), i128::from(price.max(minor)));
    let within = |percent: i128| large * 100 <= small * percent;
    let bits = match () {
        () if within(102) => 100,
        () if offset > kind.window().grace => return None,
        () if within(140) => -50,
        () if within(210) => -200,
        () if within(300) => -400,
        () => -1_500,
    };
    Some(Amount { bits, price: minor })
}

/// Whether an amount is two payments in one, within 10 in 100.
pub(super) fn is_double(one: i64, both: i64) -> bool {
    let (twice, both) = (i128::from(one) * 2, i128::from(both));
    (twice - both).abs() * 10 <= twice
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::evidence::recurring::calendar::{MonthDay, month_number};
    use crate::types::day_number;

    fn points(charges: &[(&str, i64)]) -> Vec<Point> {
        let point = |(number, (date, minor)): (usize, &(&str, i64))| {
            let date = date.parse().unwrap();
            Point {
                id: RecordId::from_uuid(Uuid::from_u128(number as u128)),
                day: day_number(date),
                month: month_number(date),
                minor: *minor,
                level: 0,
            }
        };
        charges.iter().enumerate().map(point).collect()
    }

    fn stretch(charges: &[(&str, i64)], cadence: Cadence) -> Option<(Bits, Vec<u32>)> {
        let points = points(charges);
        let all: Vec<u32> = (0..).take(points.len()).collect();
        let mut picks = Vec::new();
        let (bits, range) = fit(&points, &all, cadence, rate(&points, &all), &mut picks)?;
        Some((bits, picks[range].iter().map(|pick| pick.point).collect()))
    }

    #[test]
    fn the_best_stretch_is_that_of_every_stretch() {
        let pick = |(occurrence, bits): (i32, Bits)| Pick { occurrence, point: 0, offset: 0, bits };
        let rows: [&[(i32, Bits)]; 6] = [
            &[],
            &[(0, 500)],
            &[(0, 500), (1, 400)],
            &[(0, 100), (5, 400), (6, 400), (8, 300), (40, 900), (41, -100)],
            &[(0, -100), (1, -50), (2, -60)],
            &[(-3, 700), (-1, 700), (0, -900), (1, 800), (2, 800)],
        ];
        for row in rows {
            let picks: Vec<Pick> = row.iter().copied().map(pick).collect();
            let mut most: Option<Bits> = None;
            for start in 0..picks.len() {
                let (mut sum, mut before) = (0, picks[start].occurrence);
                for (end, pick) in picks.iter().enumerate().skip(start) {
                    sum -= MISSED * Bits::from((pick.occurrence - before - 1).max(0));
                    // What is worthless so far is not worth to begin with.
                    if end > start && sum <= 0 {
                        break;
                    }
                    sum += pick.bits;
                    before = pick.occurrence;
                    if end > start {
                        most = Some(most.map_or(sum, |most| most.max(sum)));
                    }
                }
            }
            assert_eq!(best_stretch(&picks).map(|(bits, _)| bits), most, "{row:?}");
        }
    }

    #[test]
    fn a_far_one_off_and_a_stray_charge_are_left_out() {
        let charges = [
            ("2021-03-05", 700),
            ("2024-01-05", 999),
            ("2024-02-05", 999),
            ("2024-02-07", 4_500),
            ("2024-03-05", 999),
            ("2024-04-19", 2_000),
            ("2024-05-06", 999),
        ];
        let (bits, picked) = stretch(&charges, Cadence::Monthly(MonthDay::Day(5))).unwrap();
        assert!(bits > 0, "{bits}");
        assert_eq!(picked, [1, 2, 4, 6]);
    }

    #[test]
    fn charges_on_any_day_are_worth_little_beside_those_on_a_calendar() {
        let told = |is_bought: &dyn Fn(i32) -> bool, phase| {
            let days: Vec<String> = (0..90)
                .filter(|n| is_bought(*n))
                .filter_map(|n| crate::evidence::recurring::calendar::date_of(19_800 + n))
                .map(|date| date.to_string())
                .collect();
            let charges: Vec<(&str, i64)> =
                (0..).zip(&days).map(|(n, day)| (day.as_str(), 450 + n % 2 * 160)).collect();
            stretch(&charges, Cadence::Weekly { phase }).map_or(0, |(bits, _)| bits)
        };
        let strict = (0..7).map(|phase| told(&|n| n % 7 == 3, phase)).max().unwrap();
        for phase in 0..7 {
            // Some four of seven days, in no order.
            let any = told(&|n| (n * n * 37 + n * 11) % 1_009 % 7 < 4, phase);
            assert!(any * 4 < strict, "{phase}: {any} of {strict}");
        }
    }
}

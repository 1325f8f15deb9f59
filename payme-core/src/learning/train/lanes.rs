//! A block of rows at a time: what a row loses, and the sums of its derivatives.
//!
//! In: blocks of [`ROWS`] rows, one column after the other, as arrays. Out: sums. Everything here
//! is inlined into work that runs on a kernel (`crate::vectors::InLanes`), so each loop is compiled
//! for the widest registers of the machine, and has the same bits on all of them.

/// Rows of a block: 20 columns of them fit into the first cache.
pub(super) const ROWS: usize = 128;
/// Sums that run side by side.
pub(super) const LANES: usize = 8;

/// A column of a block.
pub(super) type Column = [f64; ROWS];
/// Partial sums, entry i of a column in sum i modulo [`LANES`].
pub(super) type Lanes = [f64; LANES];

const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// The natural logarithm of 2 in two parts; whole multiples of the first one are exact up to 2^11.
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Adding this rounds to a whole number, which then stands in the low bits.
const ROUNDS: f64 = 6_755_399_441_055_744.0;
/// Behind this, e^-x is as good as nothing: 1e-307.
const EXPONENT_MAX: f64 = 707.0;
/// The terms 1/k! of the exponential series, the last one first.
const EXPONENTIAL: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];
/// How many terms 2 s^(2k + 1) / (2k + 1) of ln(1 + t) are added, for s = t / (2 + t) up to 1/3.
const LOGARITHM_TERMS: u32 = 17;

/// `e^-x` for x from 0 on, within two units in the last place; 0 for what is not a number.
#[inline(always)]
pub(super) fn exp_of_minus(x: f64) -> f64 {
    // The minimum of a number and what is none is the number: no bits of it reach the exponent.
    let x = -(x.min(EXPONENT_MAX));
    let shifted = x * LOG2_E + ROUNDS;
    let whole = shifted - ROUNDS;
    let rest = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let mut sum = 0.0;
    for term in EXPONENTIAL {
        sum = sum * rest + term;
    }
    sum * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// `ln(1 + t)` for t from 0 to 1, within two units in the last place.
#[inline(always)]
pub(super) fn ln_1p(t: f64) -> f64 {
    let s = t / (2.0 + t);
    let square = s * s;
    let mut sum = 0.0;
    for k in (0..LOGARITHM_TERMS).rev() {
        sum = sum * square + 1.0 / f64::from(2 * k + 1);
    }
    2.0 * s * sum
}

/// `ln x` for x from 1 to 2^16.
#[inline(always)]
fn ln_of_product(x: f64) -> f64 {
    // x = 2^k t with t in [1, 2).
    let bits = x.to_bits();
    let k =
        f64::from_bits((bits >> 52) | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    let t = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000) - 1.0;
    k * LN2_HIGH + (k * LN2_LOW + ln_1p(t))
}

/// What a block of rows gives.
pub(super) struct Block {
    /// The derivative of the loss of each row by its score.
    pub(super) slope: Column,
    /// The square root of the second derivative.
    pub(super) root: Column,
}

/// The loss `weight ln(1 + e^-m)` of each row is added to `loss`, where the margin m is the score
/// with the sign of the label (+1 or -1); the least margin goes to `margin`.
///
/// Where rows count alike, the logarithm is that of a product of 16 factors of at most 2.
#[inline(always)]
pub(super) fn losses(
    score: &Column,
    sign: &Column,
    weight: &Column,
    loss: &mut Lanes,
    margin: &mut Lanes,
) -> Block {
    let mut block = Block { slope: [0.0; ROWS], root: [0.0; ROWS] };
    let mut smalls = [0.0; ROWS];
    let mut margins = [0.0; ROWS];
    for i in 0..ROWS {
        let m = score[i] * sign[i];
        let small = exp_of_minus(m.abs());
        let over = 1.0 / (1.0 + small);
        let wrong = if m >= 0.0 { small * over } else { over };
        margins[i] = m;
        smalls[i] = small;
        block.slope[i] = -(sign[i] * weight[i] * wrong);
        block.root[i] = (weight[i] * small).sqrt() * over;
    }
    let alike = weight[0];
    if weight.iter().fold(true, |all, weight| all & (weight.to_bits() == alike.to_bits())) {
        let (mut over, mut factors) = ([0.0; LANES], [1.0; LANES]);
        for (margins, smalls) in chunks(&margins).zip(chunks(&smalls)) {
            for lane in 0..LANES {
                over[lane] += (-margins[lane]).max(0.0);
                factors[lane] *= 1.0 + smalls[lane];
            }
        }
        for lane in 0..LANES {
            loss[lane] += alike * (over[lane] + ln_of_product(factors[lane]));
        }
    } else {
        for ((margins, smalls), weights) in
            chunks(&margins).zip(chunks(&smalls)).zip(chunks(weight))
        {
            for lane in 0..LANES {
                let lost = (-margins[lane]).max(0.0) + ln_1p(smalls[lane]);
                loss[lane] += weights[lane] * lost;
            }
        }
    }
    for (margins, weights) in chunks(&margins).zip(chunks(weight)) {
        for lane in 0..LANES {
            // Rows without weight are there to fill a block, or are to be left out.
            let counted = if weights[lane] > 0.0 { margins[lane] } else { f64::INFINITY };
            margin[lane] = margin[lane].min(counted);
        }
    }
    block
}

#[inline(always)]
fn chunks(column: &Column) -> impl Iterator<Item = &Lanes> {
    column.as_chunks::<LANES>().0.iter()
}

/// Adds `factor column_i` to each score.
#[inline(always)]
pub(super) fn add_scaled(score: &mut Column, column: &Column, factor: f64) {
    for i in 0..ROWS {
        score[i] += factor * column[i];
    }
}

/// Adds the products of two columns to sums.
#[inline(always)]
pub(super) fn add_products(sums: &mut Lanes, a: &Column, b: &Column) {
    for (a, b) in chunks(a).zip(chunks(b)) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
}

/// Multiplies a column by another one.
#[inline(always)]
pub(super) fn product(a: &Column, b: &Column) -> Column {
    let mut product = [0.0; ROWS];
    for i in 0..ROWS {
        product[i] = a[i] * b[i];
    }
    product
}

/// The sums of the products of two columns with two others.
pub(super) type Tile = [Lanes; 4];

/// Adds the products of both columns of `a` with both of `b`: each is loaded once for two sums.
#[inline(always)]
pub(super) fn add_tile(tile: &mut Tile, a: [&Column; 2], b: [&Column; 2]) {
    let [mut s00, mut s01, mut s10, mut s11] = *tile;
    let left = chunks(a[0]).zip(chunks(a[1]));
    let right = chunks(b[0]).zip(chunks(b[1]));
    for ((a0, a1), (b0, b1)) in left.zip(right) {
        for lane in 0..LANES {
            s00[lane] += a0[lane] * b0[lane];
            s01[lane] += a0[lane] * b1[lane];
            s10[lane] += a1[lane] * b0[lane];
            s11[lane] += a1[lane] * b1[lane];
        }
    }
    *tile = [s00, s01, s10, s11];
}

/// The sum of partial sums, added in halves.
#[inline(always)]
pub(super) fn total(lanes: &Lanes) -> f64 {
    let [a, b, c, d, e, f, g, h] = *lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learning::sum::float;

    fn steps() -> impl Iterator<Item = f64> {
        (0..200_000_u32).map(|step| f64::from(step) / 250.0)
    }

    #[test]
    fn exponentials_are_within_two_units_of_the_last_place() {
        for x in steps().take_while(|x| *x < EXPONENT_MAX) {
            let (ours, theirs) = (exp_of_minus(x), (-x).exp());
            assert!((ours - theirs).abs() <= 2.0 * f64::EPSILON * theirs, "{x}: {ours} {theirs}");
        }
        assert_eq!(exp_of_minus(0.0).to_bits(), 1.0_f64.to_bits());
        assert!(exp_of_minus(f64::INFINITY) < 1e-300 && exp_of_minus(1e300) < 1e-300);
        assert!(exp_of_minus(f64::NAN) < 1e-300, "what is no number is seen in the slopes");
    }

    #[test]
    fn logarithms_of_products_are_those_of_their_factors() {
        for x in steps().map(|step| 1.0 + step * 80.0).take_while(|x| *x < 65_536.0) {
            let (ours, theirs) = (ln_of_product(x), x.ln());
            assert!((ours - theirs).abs() <= 4.0 * f64::EPSILON * theirs.max(1.0), "{x}");
        }
        assert_eq!(ln_of_product(1.0).to_bits(), 0.0_f64.to_bits());
        assert!((ln_of_product(65_536.0) - 16.0 * 2.0_f64.ln()).abs() < 1e-14);
    }

    #[test]
    fn rows_that_count_alike_lose_as_much_as_one_by_one() {
        let score: Column = std::array::from_fn(|i| (float(i) - 60.0) / 3.0);
        let sign: Column = std::array::from_fn(|i| if i % 3 == 0 { 1.0 } else { -1.0 });
        let lost = |weight: &Column| {
            let (mut loss, mut margin) = ([0.0; LANES], [f64::INFINITY; LANES]);
            losses(&score, &sign, weight, &mut loss, &mut margin);
            (total(&loss), margin)
        };
        let (alike, margin) = lost(&[0.5; ROWS]);
        let mut weight = [0.5; ROWS];
        weight[7] = 0.5 + 1e-15;
        let (one_by_one, same) = lost(&weight);
        assert!((alike - one_by_one).abs() < 1e-12 * alike, "{alike}");
        assert_eq!(margin.map(f64::to_bits), same.map(f64::to_bits));
        let each = score.iter().zip(&sign).map(|(s, sign)| 0.5 * (-s * sign).exp().ln_1p());
        assert!((alike - each.sum::<f64>()).abs() < 1e-12 * alike);
    }

    #[test]
    fn logarithms_are_within_two_units_of_the_last_place() {
        // Below, the last place is worth more.
        for x in steps().take_while(|x| *x < 600.0) {
            let t = (-x).exp();
            let (ours, theirs) = (ln_1p(t), t.ln_1p());
            assert!((ours - theirs).abs() <= 2.0 * f64::EPSILON * theirs, "{t}: {ours} {theirs}");
        }
        assert_eq!(ln_1p(0.0).to_bits(), 0.0_f64.to_bits());
    }
}

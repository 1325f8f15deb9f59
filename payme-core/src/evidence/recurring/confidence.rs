//! How sure a stream is: a logistic function of a few signs, fitted on made-up people.
//!
//! In: the [`Signs`] of a stream. Out: the share of streams with such signs that are right. The
//! coefficients are fitted by the campaign `recurring` of `benches/accuracy`, which also says how
//! far confidence and truth are apart on people that the fit has not seen.

/// How many signs there are, the constant included.
pub const SIGNS: usize = 13;

/// What the confidence of a stream rests on, each a small number without a unit.
///
/// In this order:
///
/// 1. 1;
/// 2. the binary logarithm of the number of charges;
/// 3. the share of occurrences that were missed;
/// 4. the share of charges on the day they were due, or where a bank moves that day to;
/// 5. the binary logarithm of the number of streams at the merchant, sure or not;
/// 6. the share of neighbouring prices that are equal within 2 in 100;
/// 7. the binary logarithm of one more than the bits that the calendar tells;
/// 8. the binary logarithm of one more than the charges of the merchant, from the first day of
///    the stream to its last, that no stream explains;
/// 9. the product of 4 and 6;
/// 10. to 13. 1 for weekly and two-weekly, for quarterly, for yearly, and where the anchor is a
///     weekday of the month.
pub type Signs = [f64; SIGNS];

/// The coefficients of [`Signs`].
pub const COEFFICIENTS: Signs = [
    -7.576, 1.357, -3.102, 3.725, -2.352, -0.700, 1.043, -1.338, 2.254, -1.833, 1.235, 3.793,
    -0.146,
];

/// The confidence of a stream with these signs, in `[0, 1]`.
///
/// `1 / (1 + 2^-(l / ln 2))`, `l` the sum of signs times [`COEFFICIENTS`].
pub fn confidence(signs: &Signs) -> f64 {
    let logit: f64 = signs.iter().zip(&COEFFICIENTS).map(|(sign, weight)| sign * weight).sum();
    let odds = (logit.clamp(-50.0, 50.0) * std::f64::consts::LOG2_E).exp2();
    odds / (1.0 + odds)
}

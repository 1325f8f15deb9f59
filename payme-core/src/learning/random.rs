//! Numbers that look random and follow from a seed, for percentiles that are simulated.
//!
//! In: a seed of the caller. Out: the same numbers for the same seed, on every machine.

use super::sum::float;

/// The step of the counter: 2^64 divided by the golden ratio.
pub(super) const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The bits of a counter, mixed.
#[inline(always)]
pub(super) const fn mixed(counter: u64) -> u64 {
    let mixed = (counter ^ (counter >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The first 53 of the bits as a number in [0, 1).
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
pub(super) const fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / 9_007_199_254_740_992.0
}

/// A stream of numbers from a seed: a counter in steps of the golden ratio, mixed (`SplitMix64`).
#[derive(Debug, Clone)]
pub(super) struct Stream(u64);

impl Stream {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(super) const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mixed(self.0)
    }

    /// Uniform in [0, 1), in steps of 2^-53.
    pub(super) fn unit(&mut self) -> f64 {
        unit(self.bits())
    }

    /// Two independent numbers of the standard normal distribution (Box and Muller).
    pub(super) fn normal_pair(&mut self) -> [f64; 2] {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.unit()).sin_cos();
        [radius * cos, radius * sin]
    }
}

/// The value that `share` of the sorted values are at or below.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let at = super::sum::floor_at_most(float(sorted.len()) * share, sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_numbers_that_others_publish_for_it() {
        // The first outputs of SplitMix64 for seed 1234567, as in its reference implementation.
        let mut stream = Stream::new(1_234_567);
        let first = [stream.bits(), stream.bits(), stream.bits()];
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn normal_numbers_have_mean_0_and_variance_1() {
        let mut stream = Stream::new(7);
        let drawn: Vec<f64> = (0..20_000).flat_map(|_| stream.normal_pair()).collect();
        let mean = drawn.iter().sum::<f64>() / 40_000.0;
        let variance = drawn.iter().map(|x| x * x).sum::<f64>() / 40_000.0;
        // Five standard errors: 1/200 of the mean, sqrt(2)/200 of the variance.
        assert!(
            mean.abs() < 5.0 / 200.0 && (variance - 1.0).abs() < 7.1 / 200.0,
            "{mean} {variance}"
        );
    }
}

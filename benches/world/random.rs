//! Random numbers that are the same on every machine: integers only, no library, no clock.

/// What a stream of numbers is for. Every purpose, and every entity within one, has a stream of
/// its own: drawing more for settlements changes no user, and a new purpose changes nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// The fields of one settlement.
    Settlement = 1,
    /// The fields and features of one user.
    User = 2,
    /// One mail message.
    Message = 3,
    /// The centre of one cluster of vectors, or of one group of clusters.
    Centre = 4,
    /// The vector of one settlement.
    SettlementVector = 5,
    /// The vector of one user.
    UserVector = 6,
}

/// A stream of random numbers: xoshiro256**, its state filled by `SplitMix64`.
///
/// Sources: Blackman and Vigna, "Scrambled linear pseudorandom number generators" (2021);
/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
#[derive(Debug, Clone)]
pub(crate) struct Stream([u64; 4]);

impl Stream {
    /// The stream of one entity in the world of one seed.
    pub(crate) fn new(seed: u64, purpose: Purpose, number: usize) -> Self {
        let mut key = [seed, purpose as u64, number as u64].into_iter().fold(0, |mut key, part| {
            key ^= part;
            split_mix(&mut key)
        });
        Self([(); 4].map(|()| split_mix(&mut key)))
    }

    /// The stream that continues from a state of the generator, not all zero.
    pub(crate) const fn from_state(state: [u64; 4]) -> Self {
        Self(state)
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        let [a, b, c, d] = &mut self.0;
        let out = b.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        out
    }

    /// A number from 0 to `n - 1`; 0 where `n` is 0. The bias is below `n / 2^64`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let scaled = u128::from(self.next()) * n as u128;
        usize::try_from(scaled >> 64).unwrap_or(0)
    }

    /// A number from `min` to `max`, both included.
    pub(crate) fn between(&mut self, min: usize, max: usize) -> usize {
        min + self.below(max - min + 1)
    }

    /// True in `percent` of a hundred draws.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the values.
    pub(crate) fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// One of the values, each with a share of the hundred; the shares add up to 100.
    pub(crate) fn share<T: Copy>(&mut self, values: &[(usize, T)]) -> T {
        let mut left = self.below(100);
        for (share, value) in values {
            match left.checked_sub(*share) {
                Some(rest) => left = rest,
                None => return *value,
            }
        }
        values[values.len() - 1].1
    }

    /// A UUID of version 4 in its hyphenated form.
    pub(crate) fn uuid(&mut self) -> String {
        let high = (self.next() & !0xf000) | 0x4000;
        let low = (self.next() & !(0b11 << 62)) | (0b10 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff,
        )
    }
}

/// One step of `SplitMix64`.
pub(crate) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Ranks whose frequency falls as `rank^-1.046875`, drawn from an inverse distribution table.
///
/// The exponent is `1 + 1/32 + 1/64`, so that `rank^1.046875` comes from square roots of whole
/// numbers: no floating-point power, whose last bits differ from one C library to another.
#[derive(Debug, Clone)]
pub(crate) struct Zipf {
    /// At `i`, the sum of the weights of the ranks 0 to `i`.
    cumulative: Vec<u64>,
}

impl Zipf {
    /// A table of `ranks` ranks, at most 2^32.
    pub(crate) fn new(ranks: usize) -> Self {
        Self::of(ranks, zipf_weight)
    }

    /// A table whose frequencies are the square roots: they fall as `rank^-0.5234375`.
    pub(crate) fn flat(ranks: usize) -> Self {
        Self::of(ranks, |rank| zipf_weight(rank).isqrt())
    }

    fn of(ranks: usize, weight: impl Fn(u128) -> u64) -> Self {
        let mut sum = 0;
        let cumulative = (1..=ranks)
            .map(|rank| {
                sum += weight(rank as u128);
                sum
            })
            .collect();
        Self { cumulative }
    }

    /// A rank from 0 on, the lower the likelier.
    pub(crate) fn draw(&self, stream: &mut Stream) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(1);
        let at = (u128::from(stream.next()) * u128::from(total)) >> 64;
        self.cumulative.partition_point(|sum| u128::from(*sum) <= at)
    }
}

/// `2^48 * rank^-1.046875` for a rank from 1 to 2^32, in fixed point with 48 binary places.
pub(crate) fn zipf_weight(rank: u128) -> u64 {
    const PLACES: u32 = 48;
    let root = |value: u128, times: u32| (0..times).fold(value, |v, _| (v << PLACES).isqrt());
    let root_32nd = root(rank << PLACES, 5);
    let root_64th = root(root_32nd, 1);
    let power = rank * ((root_32nd * root_64th) >> PLACES);
    u64::try_from((1_u128 << (2 * PLACES)) / power).unwrap_or(u64::MAX)
}

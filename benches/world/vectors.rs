//! Made-up vectors: rows of 384 numbers of single precision, each row of length 1.
//!
//! Whole numbers are drawn; what follows (a sum of squares below 2^53, one square root,
//! one division and one rounding for each number) is the same on every machine.

use super::random::{Purpose, Stream};

/// How many numbers a vector has.
pub(crate) const DIMENSIONS: usize = 384;

/// How many clusters there are.
const CLUSTERS: usize = 1_000;

/// How many groups of neighbouring clusters there are.
const GROUPS: usize = 32;

/// Whose vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vectors {
    /// One for each settlement.
    Settlements,
    /// One for each user; they lie around the same centres.
    Users,
}

impl Vectors {
    /// So many vectors, one row after the other: each the sum of the centre of a group of
    /// clusters, the centre of a cluster and noise, three random vectors of about one length. Two
    /// of a cluster have a cosine of about 2/3, two of a group of 1/3, all others of 0.
    pub(crate) fn clustered(self, seed: u64, rows: usize) -> Vec<f32> {
        let random = |number| drawn(&mut Stream::new(seed, Purpose::Centre, number));
        let groups: Vec<[i64; DIMENSIONS]> = (CLUSTERS..CLUSTERS + GROUPS).map(random).collect();
        let cluster = |number| sum(random(number), &groups[number % GROUPS]);
        let clusters: Vec<[i64; DIMENSIONS]> = (0..CLUSTERS).map(cluster).collect();
        let purpose = match self {
            Self::Settlements => Purpose::SettlementVector,
            Self::Users => Purpose::UserVector,
        };
        let mut values = Vec::with_capacity(rows * DIMENSIONS);
        for number in 0..rows {
            let stream = &mut Stream::new(seed, purpose, number);
            let cluster = &clusters[stream.below(CLUSTERS)];
            values.extend(unit(&sum(drawn(stream), cluster)));
        }
        values
    }
}

fn sum(mut row: [i64; DIMENSIONS], other: &[i64; DIMENSIONS]) -> [i64; DIMENSIONS] {
    row.iter_mut().zip(other).for_each(|(value, more)| *value += more);
    row
}

/// Numbers with nearly a normal distribution: each the sum of four of 16 bits, about 0.
fn drawn(stream: &mut Stream) -> [i64; DIMENSIONS] {
    [(); DIMENSIONS].map(|()| {
        let bits = stream.next();
        let parts =
            [0, 16, 32, 48].map(|shift| i64::try_from((bits >> shift) & 0xffff).unwrap_or(0));
        parts.into_iter().sum::<i64>() - 2 * 0xffff
    })
}

/// The row with length 1; all zero when it has none.
#[expect(clippy::cast_precision_loss, reason = "a sum of 384 squares below 2^38 is exact")]
#[expect(clippy::cast_possible_truncation, reason = "rounding to single precision is the aim")]
fn unit(row: &[i64; DIMENSIONS]) -> [f32; DIMENSIONS] {
    let squares: i64 = row.iter().map(|value| value * value).sum();
    let length = if squares == 0 { 1.0 } else { (squares as f64).sqrt() };
    row.map(|value| (value as f64 / length) as f32)
}

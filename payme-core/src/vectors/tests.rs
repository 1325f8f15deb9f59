//! The laws of search: whatever the matrix, every way gives the exact answer.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the numbers here are small"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::certified::Rows;
use super::search::Scan;
use super::*;
use crate::types::Column;

/// Widths around the ends of registers and blocks of codes, and those of common models.
const DIMENSIONS: [usize; 18] =
    [0, 1, 2, 5, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 384, 1_536];
/// Under Miri, which takes seconds for what takes milliseconds, only the narrow ones.
const MIRI_DIMENSIONS: usize = 10;
/// How many numbers are drawn for a row; wider ones repeat them, each time a little smaller.
const DRAWN: usize = 129;

/// What tempts a bound to be wrong: each row is made from those before it and a few draws.
#[derive(Debug, Clone)]
enum Row {
    Anywhere(Vec<f32>),
    /// Numbers times a power of two. Of products of two small ones half are lost, and lengths of
    /// two large ones lie on both sides of the largest product that is certified.
    Sized(Vec<f32>, i32),
    /// The same number everywhere.
    Constant(f32),
    /// Each number beside its opposite, or the next one to that, so that hardly anything is left
    /// beside a constant row.
    Cancelling(Vec<f32>, bool),
    /// The largest number once, and as far from a whole coarse step as it gets everywhere else.
    HalfSteps(Vec<bool>, u8),
    /// A row that came before, scaled by a power of two.
    Scaled(Index, i32),
    /// A row that came before, one number of which is the next one up.
    Nudged(Index, Index),
    OneHot(Index, f32),
    /// Small whole numbers, as counts are.
    Counts(Vec<i8>),
    Zero,
    /// Numbers below the smallest normal one.
    Tiny(Vec<i8>),
}

/// How often a law is tried; under Miri only a few times.
pub(super) fn cases(count: u32) -> ProptestConfig {
    ProptestConfig::with_cases(if cfg!(miri) { 4 } else { count })
}

fn any_row() -> impl Strategy<Value = Row> {
    prop_oneof![
        3 => vec(-1.0_f32..1.0, DRAWN).prop_map(Row::Anywhere),
        1 => (vec(-1.0_f32..1.0, DRAWN), prop::sample::select(vec![-75, -70, 58, 63]))
            .prop_map(|(numbers, power)| Row::Sized(numbers, power)),
        1 => (-2.0_f32..2.0).prop_map(Row::Constant),
        1 => (vec(-1.0_f32..1.0, DRAWN), any::<bool>())
            .prop_map(|(numbers, exact)| Row::Cancelling(numbers, exact)),
        2 => (vec(any::<bool>(), DRAWN), 4..8_u8)
            .prop_map(|(signs, steps)| Row::HalfSteps(signs, steps)),
        3 => (any::<Index>(), -3..3_i32).prop_map(|(row, power)| Row::Scaled(row, power)),
        1 => (any::<Index>(), -60..40_i32).prop_map(|(row, power)| Row::Scaled(row, power)),
        3 => (any::<Index>(), any::<Index>()).prop_map(|(row, at)| Row::Nudged(row, at)),
        1 => (any::<Index>(), -2.0_f32..2.0).prop_map(|(at, x)| Row::OneHot(at, x)),
        2 => vec(-4..5_i8, DRAWN).prop_map(Row::Counts),
        1 => Just(Row::Zero),
        1 => vec(-9..9_i8, DRAWN).prop_map(Row::Tiny),
    ]
}

/// So many numbers from those drawn.
fn stretched(drawn: impl Iterator<Item = f32> + Clone, dimension: usize) -> Vec<f32> {
    let smaller = |(at, x): (usize, f32)| x * (1.0 - 0.07 * (at / DRAWN) as f32);
    drawn.cycle().enumerate().map(smaller).take(dimension).collect()
}

/// The numbers of all rows, and of a query made in the same way.
fn realise(dimension: usize, rows: &[Row]) -> Vec<Vec<f32>> {
    let mut made: Vec<Vec<f32>> = Vec::new();
    for row in rows {
        let before = |index: &Index| {
            let zero = vec![0.0; dimension];
            if made.is_empty() { zero } else { made[index.index(made.len())].clone() }
        };
        let row = match row {
            Row::Anywhere(numbers) => stretched(numbers.iter().copied(), dimension),
            Row::Sized(numbers, power) => {
                stretched(numbers.iter().map(|x| x * 2.0_f32.powi(*power)), dimension)
            }
            Row::Constant(x) => vec![*x; dimension],
            Row::Cancelling(numbers, exact) => {
                let opposite = |x: f32| if *exact { -x } else { -x.next_up() };
                let pairs = numbers.iter().flat_map(|x| [*x, opposite(*x)]);
                pairs.cycle().take(dimension).collect()
            }
            Row::HalfSteps(signs, steps) => {
                let half = 0.5 / f32::from(*steps);
                let number = |(at, up): (usize, &bool)| {
                    let x = if at % 3 == 0 { half.next_up() } else { half.next_down() };
                    if *up { x } else { -x }
                };
                let rest = signs.iter().cycle().enumerate().map(number);
                std::iter::once(1.0).chain(rest).take(dimension).collect()
            }
            Row::Scaled(index, power) => {
                let row = before(index);
                let scaled: Vec<f32> = row.iter().map(|x| x * 2.0_f32.powi(*power)).collect();
                // A row scaled up again and again leaves the numbers there are: it stays then.
                if scaled.iter().all(|x| x.is_finite()) { scaled } else { row }
            }
            Row::Nudged(index, at) => {
                let mut row = before(index);
                if dimension > 0 {
                    let x = &mut row[at.index(dimension)];
                    *x = x.next_up().min(f32::MAX);
                }
                row
            }
            Row::OneHot(at, x) => {
                let mut row = vec![0.0; dimension];
                if dimension > 0 {
                    row[at.index(dimension)] = *x;
                }
                row
            }
            Row::Counts(counts) => {
                counts.iter().cycle().take(dimension).map(|x| f32::from(*x)).collect()
            }
            Row::Zero => vec![0.0; dimension],
            Row::Tiny(steps) => {
                steps.iter().cycle().take(dimension).map(|x| f32::from(*x) * 1e-45).collect()
            }
        };
        made.push(row);
    }
    made
}

/// A matrix and a query of its dimension.
pub(super) fn any_question() -> impl Strategy<Value = (VectorMatrix, Vec<f32>)> {
    let dimensions = if cfg!(miri) { &DIMENSIONS[..MIRI_DIMENSIONS] } else { &DIMENSIONS[..] };
    (prop::sample::select(dimensions.to_vec()), vec(any_row(), 1..60)).prop_map(
        |(dimension, rows)| {
            let mut rows = realise(dimension, &rows);
            let query = rows.pop().unwrap_or_default();
            (VectorMatrix::from_rows(dimension, rows).unwrap(), query)
        },
    )
}

/// How many hits are asked for: usually few, sometimes none, or more than there are rows.
fn any_k() -> impl Strategy<Value = usize> {
    prop_oneof![4 => 1..8_usize, 1 => 0..70_usize, 1 => Just(usize::MAX)]
}

/// Rows and the bits of their scores.
fn bits(hits: &[Hit]) -> Vec<(u32, u32)> {
    hits.iter().map(|hit| (hit.row, hit.score.to_bits())).collect()
}

/// Every row scored alone and sorted: the definition.
fn sorted(
    kernel: Kernel,
    (matrix, query): &(VectorMatrix, Vec<f32>),
    rows: impl Iterator<Item = u32>,
    k: usize,
) -> Vec<(u32, u32)> {
    let score = |row: u32| match kernel.dot(query, matrix.row(row).unwrap()) {
        score if score.is_nan() => f32::from_bits(0xffc0_0000),
        score => score,
    };
    let mut hits: Vec<Hit> = rows.map(|row| Hit { row, score: score(row) }).collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)));
    hits.truncate(k);
    bits(&hits)
}

/// Which variant of an error, by its stable code.
fn code<T: std::fmt::Debug>(result: Result<T, VectorError>) -> &'static str {
    result.unwrap_err().code()
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn the_exact_answer_is_every_row_scored_alone_and_sorted(
        question in any_question(),
        k in any_k(),
    ) {
        let (matrix, query) = &question;
        let expected = sorted(Kernel::scalar(), &question, 0..matrix.rows() as u32, k);
        for kernel in Kernel::all_available() {
            let hits = Scan::new(kernel, matrix, query, k).unwrap().exact();
            prop_assert_eq!(&bits(&hits), &expected, "{:?}", kernel);
        }
        prop_assert_eq!(&bits(&top_exact(matrix, query, k).unwrap()), &expected);
        prop_assert_eq!(&bits(&top_certified(matrix, query, k).unwrap().0), &expected);
    }

    #[test]
    fn the_certified_answer_is_the_exact_answer_to_the_last_bit(
        question in any_question(),
        k in any_k(),
    ) {
        let (matrix, query) = &question;
        let expected = sorted(Kernel::scalar(), &question, 0..matrix.rows() as u32, k);
        for kernel in Kernel::all_available() {
            let scan = Scan::new(kernel, matrix, query, k).unwrap();
            // However many rows are left, so that nothing falls back to the exact scan.
            let found = scan.certified(Rows::All, matrix.rows().max(k));
            if let Some((hits, reranked)) = found {
                prop_assert!(reranked >= hits.len());
                prop_assert_eq!(&bits(&hits), &expected, "{:?}", kernel);
            }
            // The product of the lengths is small enough for the proof.
            let norm = |row: &[f32]| row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
            let longest = (0..matrix.rows() as u32).map(|row| norm(matrix.row(row).unwrap())).fold(0.0, f64::max);
            if longest * norm(query) < 9e36 && matrix.rows() > 0 {
                prop_assert!(scan.certified(Rows::All, matrix.rows().max(k)).is_some());
            }
        }
    }

    #[test]
    fn the_filtered_answer_is_the_exact_answer_among_the_rows_named(
        question in any_question(),
        picks in vec(any::<Index>(), 0..90),
        k in any_k(),
    ) {
        let (matrix, query) = &question;
        prop_assume!(matrix.rows() > 0);
        let picked: Vec<u32> = picks.iter().map(|pick| pick.index(matrix.rows()) as u32).collect();
        let mut rows = picked.clone();
        rows.sort_unstable();
        rows.dedup();
        let expected = sorted(Kernel::scalar(), &question, rows.iter().copied(), k);
        let found = top_filtered(matrix, query, &picked, k).unwrap();
        prop_assert_eq!(&bits(&found), &expected);
        for kernel in Kernel::all_available() {
            let scan = Scan::new(kernel, matrix, query, k).unwrap();
            prop_assert_eq!(&bits(&scan.exact_of(&rows)), &expected, "{:?}", kernel);
            if let Some((hits, _)) = scan.certified(Rows::Listed(&rows), rows.len().max(k)) {
                prop_assert_eq!(&bits(&hits), &expected, "{:?}", kernel);
            }
        }
    }

    #[test]
    fn stored_parts_give_the_same_matrix(question in any_question()) {
        let (matrix, query) = question;
        // The way of a snapshot: bytes, one column after the other, used in place.
        let MatrixParts { rows, dimension, values, quantised } = matrix.parts().clone();
        let Quantised { coarse, fine, facts } = quantised;
        let parts = [facts.as_bytes(), values.as_bytes(), coarse.as_bytes(), fine.as_bytes()];
        let ends: Vec<usize> = parts.iter().scan(0, |end, part| { *end += part.len(); Some(*end) }).collect();
        let stored = std::sync::Arc::new(Column::from(parts.concat()));
        let parts = MatrixParts {
            rows,
            dimension,
            values: Column::shared(stored.clone(), ends[0]..ends[1]).unwrap(),
            quantised: Quantised {
                coarse: Column::shared(stored.clone(), ends[1]..ends[2]).unwrap(),
                fine: Column::shared(stored.clone(), ends[2]..ends[3]).unwrap(),
                facts: Column::shared(stored, 0..ends[0]).unwrap(),
            },
        };
        let taken_up = VectorMatrix::from_parts(parts).unwrap();
        prop_assert_eq!(&taken_up, &matrix);
        let expected = bits(&top_exact(&matrix, &query, 5).unwrap());
        prop_assert_eq!(&bits(&top_certified(&taken_up, &query, 5).unwrap().0), &expected);
    }
}

/// Rows around centres that point in different directions, and queries near some of them.
fn clusters(rows: usize, dimension: usize) -> (VectorMatrix, Vec<Vec<f32>>) {
    // Knuth's multiplicative hash: all that is wanted are numbers without a pattern.
    let draw = |at: usize| (at as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
    let vector = |row: usize| {
        let centre = row % 50;
        let number =
            |i: usize| draw(centre * dimension + i) + 0.3 * draw((row + 60) * 977 + i * 13);
        let mut vector: Vec<f32> = (0..dimension).map(number).collect();
        normalise(&mut vector);
        vector
    };
    let matrix = VectorMatrix::from_rows(dimension, (0..rows).map(vector)).unwrap();
    (matrix, (rows..rows + 20).map(vector).collect())
}

#[test]
fn few_rows_are_scored_when_few_are_near() {
    let (matrix, queries) = clusters(if cfg!(miri) { 450 } else { 4_000 }, 96);
    let all: Vec<u32> = (0..matrix.rows() as u32).collect();
    for query in queries.iter().take(if cfg!(miri) { 1 } else { 20 }) {
        for kernel in Kernel::all_available() {
            let scan = Scan::new(kernel, &matrix, query, 3).unwrap();
            let exact = bits(&scan.exact());
            for rows in [Rows::All, Rows::Listed(&all)] {
                let (hits, reranked) = scan.certified(rows, matrix.rows() / 20).unwrap();
                assert_eq!(bits(&hits), exact, "{kernel:?}");
                assert!((3..=matrix.rows() / 20).contains(&reranked), "{kernel:?}: {reranked}");
            }
        }
        let (hits, certificate) = top_certified(&matrix, query, 3).unwrap();
        assert!(!certificate.fell_back, "{certificate:?}");
        assert_eq!(hits, top_exact(&matrix, query, 3).unwrap());
        assert_eq!(hits, top_filtered(&matrix, query, &all, 3).unwrap());
    }
}

#[test]
fn where_nothing_can_be_ruled_out_every_row_is_scored_and_the_certificate_says_so() {
    let same = VectorMatrix::from_rows(3, vec![[0.1, 0.2, 0.3]; 1_000]).unwrap();
    let huge =
        VectorMatrix::from_rows(3, (0..1_000_u16).map(|i| [3e38, -3e38, f32::from(i)])).unwrap();
    let table = [
        (&same, [1.0, 0.0, 0.0], 1),
        (&same, [0.0; 3], 1),
        (&huge, [1.0; 3], 1),
        (&huge, [9.0; 3], 5),
    ];
    for (matrix, query, k) in table {
        let (hits, certificate) = top_certified(matrix, &query, k).unwrap();
        assert_eq!(certificate, Certificate { reranked: 1_000, fell_back: true });
        assert_eq!(bits(&hits), bits(&top_exact(matrix, &query, k).unwrap()));
        let rows: Vec<u32> = (0..1_000).collect();
        assert_eq!(bits(&hits), bits(&top_filtered(matrix, &query, &rows, k).unwrap()));
    }
    // The first of equal rows.
    let hits = top_exact(&same, &[1.0, 0.0, 0.0], 2).unwrap();
    assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_partial_sum_that_overflows_is_not_ruled_out_by_a_small_true_sum() {
    // The entries 0 and 32 share a lane, whose sum is infinite; the true sum is 0.
    let mut overflowing = vec![0.0; 34];
    for (at, x) in [(0, 2.5e19), (32, 2.5e19), (1, -2.5e19), (2, -2.5e19)] {
        overflowing[at] = x;
    }
    let mut rows: Vec<Vec<f32>> = (1..=100_u8).map(|i| vec![1e17 / f32::from(i); 34]).collect();
    rows[60] = overflowing;
    let matrix = VectorMatrix::from_rows(34, rows).unwrap();
    let query = [1e19; 34];
    let best = Hit { row: 60, score: f32::INFINITY };
    assert_eq!(top_exact(&matrix, &query, 1).unwrap(), [best]);
    let (hits, certificate) = top_certified(&matrix, &query, 1).unwrap();
    assert_eq!((hits, certificate.fell_back), (vec![best], true));
}

#[test]
fn no_rows_and_rows_without_numbers_are_searched_like_others() {
    let none = VectorMatrix::new(4, Vec::new()).unwrap();
    assert_eq!(top_exact(&none, &[1.0; 4], 3).unwrap(), []);
    assert_eq!(top_certified(&none, &[1.0; 4], 3).unwrap().0, []);
    assert_eq!(top_filtered(&none, &[1.0; 4], &[], 3).unwrap(), []);

    let empty = VectorMatrix::from_rows(0, vec![[]; 500]).unwrap();
    let expected: Vec<Hit> = [0, 1].map(|row| Hit { row, score: 0.0 }).to_vec();
    assert_eq!(top_exact(&empty, &[], 2).unwrap(), expected);
    assert_eq!(top_certified(&empty, &[], 2).unwrap().0, expected);
    let rows: Vec<u32> = (0..500).rev().collect();
    assert_eq!(top_filtered(&empty, &[], &rows, 2).unwrap(), expected);
    assert_eq!(VectorMatrix::new(0, Vec::new()).unwrap().rows(), 0);

    let one = VectorMatrix::new(1, vec![2.0]).unwrap();
    assert_eq!(top_certified(&one, &[1.0], 0).unwrap().0, []);
    assert_eq!(top_exact(&one, &[-0.0], 9).unwrap(), [Hit { row: 0, score: 0.0 }]);
}

#[test]
fn questions_that_cannot_be_answered_are_refused_with_their_codes() {
    let matrix = VectorMatrix::new(2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
    for query in [&[][..], &[1.0], &[1.0; 3]] {
        assert_eq!(code(top_exact(&matrix, query, 1)), "query_dimension");
        assert_eq!(code(top_certified(&matrix, query, 1)), "query_dimension");
        assert_eq!(code(top_filtered(&matrix, query, &[0], 1)), "query_dimension");
    }
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(code(top_exact(&matrix, &[0.0, bad], 1)), "query_not_finite");
        assert_eq!(code(top_certified(&matrix, &[bad, 0.0], 1)), "query_not_finite");
        assert_eq!(code(top_filtered(&matrix, &[bad, bad], &[], 1)), "query_not_finite");
    }
    let unknown = top_filtered(&matrix, &[1.0, 1.0], &[2, 0], 1);
    assert_eq!(unknown, Err(VectorError::UnknownRow { row: 2, rows: 2 }));
    assert_eq!(code(unknown), "unknown_row");
}

#[test]
fn a_matrix_that_is_none_is_refused_with_its_row() {
    assert_eq!(
        VectorMatrix::new(2, vec![1.0; 5]),
        Err(VectorError::Ragged { row: 2, dimension: 2, found: 1 })
    );
    let ragged = VectorMatrix::from_rows(2, [&[1.0, 2.0][..], &[3.0], &[4.0, 5.0]]);
    assert_eq!(ragged, Err(VectorError::Ragged { row: 1, dimension: 2, found: 1 }));
    assert_eq!(code(ragged), "vector_ragged");
    assert_eq!(code(VectorMatrix::new(0, vec![1.0])), "vector_ragged");
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let refused = VectorMatrix::new(2, vec![1.0, 2.0, 3.0, bad]);
        assert_eq!(refused, Err(VectorError::NotFinite { row: 1 }));
        assert_eq!(code(refused), "vector_not_finite");
    }
    let wide = vec![0.0; DIMENSION_MAX + 1];
    assert_eq!(code(VectorMatrix::new(DIMENSION_MAX + 1, wide.clone())), "vectors_too_large");
    assert!(VectorMatrix::new(DIMENSION_MAX, wide[..DIMENSION_MAX].to_vec()).is_ok());
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let matrix = VectorMatrix::new(2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
    let broken = |change: fn(&mut MatrixParts)| {
        let mut parts = matrix.parts().clone();
        change(&mut parts);
        code(VectorMatrix::from_parts(parts))
    };
    let facts = |fact: f32| Column::from(vec![[1.0; 4], [1.0, 1.0, fact, 1.0]]);
    assert!(VectorMatrix::from_parts(matrix.parts().clone()).is_ok());
    assert_eq!(broken(|parts| parts.rows = 3), "vector_part_length");
    assert_eq!(broken(|parts| parts.dimension = 3), "vector_part_length");
    assert_eq!(broken(|parts| parts.values = Column::from(vec![1.0; 5])), "vector_part_length");
    assert_eq!(broken(|parts| parts.quantised.coarse = Column::default()), "vector_part_length");
    assert_eq!(
        broken(|parts| parts.quantised.fine = Column::from(vec![0; 129])),
        "vector_part_length"
    );
    assert_eq!(broken(|parts| parts.quantised.facts = Column::default()), "vector_part_length");
    assert_eq!(broken(|parts| parts.values = Column::from(vec![f32::NAN; 4])), "vector_not_finite");
    assert_eq!(broken(|parts| parts.rows = usize::MAX), "vectors_too_large");
    for fact in [f32::NAN, -1.0, f32::NEG_INFINITY] {
        let mut parts = matrix.parts().clone();
        parts.quantised.facts = facts(fact);
        assert_eq!(code(VectorMatrix::from_parts(parts)), "vector_part_invalid");
    }
}

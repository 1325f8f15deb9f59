//! The laws of the inner loops: every kernel gives the same bits, and those of the rule.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the numbers here are small"
)]

use super::kernel::{Kernel, all_rows, listed_rows};
use super::tests::cases;
use proptest::collection::vec;
use proptest::prelude::*;

/// Ordinary numbers, numbers of every size whose products do not overflow, zeros of both
/// signs, and the smallest there are.
fn number() -> impl Strategy<Value = f32> {
    let scaled = (-1.0_f32..1.0, -140..60_i32).prop_map(|(x, power)| x * 2.0_f32.powi(power));
    let odd = [0.0, -0.0, 1e-45, -1e-45, f32::MIN_POSITIVE, -1e-39, 1.0, -1.0];
    prop_oneof![4 => -1.0_f32..1.0, 2 => scaled, 1 => prop::sample::select(odd.to_vec())]
}

fn numbers() -> impl Strategy<Value = Vec<f32>> {
    vec(number(), 0..if cfg!(miri) { 70 } else { 220 })
}

/// The same numbers somewhere else in memory.
fn copied(row: &[f32]) -> Vec<f32> {
    row.to_vec()
}

/// `gamma_n sum |a_i b_i|` and what is lost below the smallest normal number.
fn allowed(a: &[f32], b: &[f32]) -> f64 {
    let n = a.len() as f64;
    let sum: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a).abs() * f64::from(*b).abs()).sum();
    let unit = 2.0_f64.powi(-24);
    n * unit / (1.0 - n * unit) * sum * (1.0 + 1e-6) + 2.0 * n * 2.0_f64.powi(-150)
}

fn true_dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn codes(kernel: Kernel, query: &[i8], codes: &[u8], rows: usize) -> Vec<i32> {
    let mut out = vec![0; rows];
    kernel.code_dots(query, all_rows(codes, query.len() / 2), &mut out);
    out
}

#[test]
fn the_plain_kernel_is_always_there_and_the_detected_one_is_the_last() {
    let kernels = Kernel::all_available();
    assert_eq!(kernels.first(), Some(&Kernel::scalar()));
    assert_eq!(kernels.last(), Some(&Kernel::detect()));
}

#[test]
fn dots_of_known_vectors() {
    let ramp: Vec<f32> = (1..=100_u8).map(f32::from).collect();
    let signs: Vec<f32> = (0..100).map(|i| if i % 3 == 0 { -2.0 } else { 1.0 }).collect();
    for kernel in Kernel::all_available() {
        let table: [(&[f32], &[f32], f32); 6] = [
            (&[], &[], 0.0),
            (&[1.0, 2.0, 3.0], &[], 0.0),
            (&[1.0, 2.0, 3.0], &[4.0, -5.0, 6.0], 12.0),
            (&[1.0, 2.0, 3.0, 100.0], &[4.0, -5.0], -6.0),
            // 1^2 + ... + 100^2, and 5050 less three times 1 + 4 + ... + 100.
            (&ramp, &ramp, 338_350.0),
            (&ramp, &signs, -101.0),
        ];
        for (a, b, expected) in table {
            assert_eq!(kernel.dot(a, b).to_bits(), expected.to_bits(), "{kernel:?} {a:?} {b:?}");
            assert_eq!(kernel.dot(b, a).to_bits(), expected.to_bits(), "{kernel:?} {b:?} {a:?}");
        }
    }
}

#[test]
fn sums_of_codes_by_hand() {
    let mut query = vec![0; 256];
    let mut bytes = vec![0; 256];
    // Entry 3 (low half of byte 3), 64 + 3 (its high half), and 128 + 64 + 5.
    (query[3], query[67], query[197]) = (7, -128, 127);
    (bytes[3], bytes[64 + 5]) = (0x9b, 0xf2);
    (bytes[128 + 3], bytes[128 + 64 + 5]) = (0x10, 0x0f);
    for kernel in Kernel::all_available() {
        let expected = [7 * 0xb - 128 * 9 + 127 * 15, -128];
        assert_eq!(codes(kernel, &query, &bytes, 2), expected, "{kernel:?}");
    }
}

#[test]
fn the_largest_sums_do_not_saturate() {
    for (level, sum) in [(127, 127 * 15 * 1_024), (-128, -128 * 15 * 1_024)] {
        for kernel in Kernel::all_available() {
            assert_eq!(codes(kernel, &[level; 1_024], &[0xff; 512], 1), [sum], "{kernel:?}");
        }
    }
}

/// The bits of a sum; every NaN counts as the same.
fn bits(sum: f32) -> u32 {
    if sum.is_nan() { u32::MAX } else { sum.to_bits() }
}

/// The rule in `docs/rules/vectors.md`, step by step.
fn dot_by_the_rule(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 32];
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        let product = x * y;
        sums[i % 32] += product;
    }
    for width in [16, 8, 4, 2, 1] {
        for i in 0..width {
            sums[i] += sums[i + width];
        }
    }
    sums[0]
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_dot_is_the_same_bits_on_every_kernel(
        a in numbers(),
        b in numbers(),
        from in 0..20_usize,
        power in prop::sample::select(vec![-80, 0, 0, 0, 64]),
    ) {
        // With the largest power some products and sums overflow.
        let larger: Vec<f32> = b.iter().map(|x| x * 2.0_f32.powi(power)).collect();
        for (a, b) in [(a.get(from..).unwrap_or_default(), &b), (&a, &larger)] {
            let expected = bits(dot_by_the_rule(a, b));
            for kernel in Kernel::all_available() {
                prop_assert_eq!(bits(kernel.dot(a, b)), expected, "{:?}", kernel);
            }
        }
    }

    #[test]
    fn a_dot_is_the_sum_of_products_within_the_error_of_summation(
        a in numbers(),
        b in numbers(),
        from in 0..20_usize,
    ) {
        let a = a.get(from..).unwrap_or_default();
        let common = a.len().min(b.len());
        for kernel in Kernel::all_available() {
            let (got, expected) = (f64::from(kernel.dot(a, &b)), true_dot(a, &b));
            let allowed = allowed(&a[..common], &b[..common]);
            prop_assert!((got - expected).abs() <= allowed, "{:?}: {} {}", kernel, got, expected);
        }
    }

    #[test]
    fn a_dot_has_the_same_bits_alone_in_a_scan_and_in_a_list_wherever_it_lies(
        values in vec(number(), 0..if cfg!(miri) { 100 } else { 1_500 }),
        width in 1..90_usize,
        from in 0..20_usize,
        picks in vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let values = values.get(from..).unwrap_or_default();
        let rows: Vec<&[f32]> = values.chunks_exact(width).collect();
        let query: Vec<f32> = values.iter().rev().take(width).copied().collect();
        prop_assume!(!rows.is_empty());
        let list: Vec<u32> = picks.iter().map(|pick| pick.index(rows.len()) as u32).collect();
        for kernel in Kernel::all_available() {
            let alone: Vec<u32> =
                rows.iter().map(|row| kernel.dot(&query, &copied(row)).to_bits()).collect();
            let (mut scan, mut listed) = (vec![0.0; rows.len()], vec![0.0; list.len()]);
            kernel.dots(&query, all_rows(values, width), &mut scan);
            kernel.dots(&query, listed_rows(values, width, &list), &mut listed);
            prop_assert_eq!(&scan.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), &alone);
            let expected: Vec<u32> = list.iter().map(|row| alone[*row as usize]).collect();
            prop_assert_eq!(listed.iter().map(|x| x.to_bits()).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn sums_of_codes_are_the_same_on_every_kernel(
        blocks in 1..4_usize,
        rows in 0..5_usize,
        from in 0..70_usize,
        seed in vec(any::<u8>(), 900),
    ) {
        let query: Vec<i8> = seed.iter().cycle().skip(from).take(128 * blocks).map(|x| *x as i8).collect();
        let bytes: Vec<u8> = seed.iter().cycle().skip(from / 2).take(64 * blocks * rows).copied().collect();
        let expected: Vec<i32> = bytes.chunks(64 * blocks).map(|row| {
            let code = |i: usize| {
                let byte = row[i / 128 * 64 + i % 64];
                i32::from(if i % 128 < 64 { byte % 16 } else { byte / 16 })
            };
            query.iter().enumerate().map(|(i, x)| i32::from(*x) * code(i)).sum()
        }).collect();
        let list: Vec<u32> = (0..rows as u32).rev().collect();
        for kernel in Kernel::all_available() {
            prop_assert_eq!(&codes(kernel, &query, &bytes, rows), &expected, "{:?}", kernel);
            let mut listed = vec![0; rows];
            kernel.code_dots(&query, listed_rows(&bytes, 64 * blocks, &list), &mut listed);
            listed.reverse();
            prop_assert_eq!(&listed, &expected, "{:?}", kernel);
        }
    }
}

#[test]
fn rows_that_are_not_there_are_empty_and_values_without_rows_stay() {
    let values = [1.0_f32, 2.0, 3.0, 4.0, 5.0];
    for kernel in Kernel::all_available() {
        let mut out = [9.0; 3];
        kernel.dots(&[1.0, 1.0], listed_rows(&values, 2, &[1, 2, u32::MAX]), &mut out);
        assert_eq!(out.map(f32::to_bits), [7.0_f32, 0.0, 0.0].map(f32::to_bits));
        let mut out = [9.0; 4];
        kernel.dots(&[1.0, 1.0], all_rows(&values, 2), &mut out);
        assert_eq!(out.map(f32::to_bits), [3.0_f32, 7.0, 9.0, 9.0].map(f32::to_bits));
    }
}

#[test]
fn a_row_without_a_place_is_not_taken() {
    let values = [1.0_f32, 2.0, 3.0, 4.0];
    for kernel in Kernel::all_available() {
        let mut rows = all_rows(&values, 1);
        let mut out = [0.0; 2];
        kernel.dots(&[1.0], &mut rows, &mut out);
        kernel.dots(&[1.0], &mut rows, &mut out);
        assert_eq!(out.map(f32::to_bits), [3.0_f32, 4.0].map(f32::to_bits));
    }
}

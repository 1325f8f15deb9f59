//! The inner loops: dot products of single precision, and of 4-bit codes with 8-bit queries; and
//! the step into wide registers for inner loops that stand elsewhere.
//!
//! In: slices. Out: sums. One definition in plain Rust, and the same sums in wide registers where
//! the machine has them, chosen once per scan with a [`Kernel`].
//!
//! Invariants: every sum is the same bits on every kernel, whether a row is asked for alone, in a
//! scan or in a list, and wherever it lies in memory. (Where a sum overflows in both directions it
//! is NaN, and which of the NaNs is not said.) Nothing is read outside of the slices. Loads are
//! copies of arrays that slices were checked to hold; `unsafe` is only the step into functions that
//! need an instruction set, and prefetching.
//! Rules: `docs/rules/vectors.md`; why so: `docs/decisions/0008-certified-first-pass.md`.
#![expect(unsafe_code, reason = "wide registers are entered after the machine was asked")]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use bytemuck::Pod;

/// Codes per block: a block of 64 bytes holds two codes per byte.
pub(super) const CODES_PER_BLOCK: usize = 2 * BLOCK_BYTES;
/// Bytes per block of codes.
pub(super) const BLOCK_BYTES: usize = 64;

/// How many sums of single precision run side by side, on every kernel: two registers of the widest
/// one, and half of the registers of the narrowest.
const LANES: usize = 32;

/// How far ahead of the row in work a scan asks for what comes next. The hardware asks for less,
/// and never beyond a page.
const BYTES_AHEAD: usize = 8192;
/// The same for a list of rows, of which the hardware can guess nothing.
const ROWS_AHEAD: usize = 8;

/// The instruction sets that a scan uses.
///
/// A value exists only for what this machine can do, which is what makes the calls below sound.
///
/// # Examples
/// ```
/// # use payme_core::vectors::Kernel;
/// assert_eq!(Kernel::detect().dot(&[1.0, 2.0, 3.0], &[4.0, -5.0, 6.0]), 12.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// Plain Rust.
    Scalar,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F and BW, and its vector neural network instructions (VNNI).
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kernel {
    /// The widest kernel of this machine.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx512() {
                return Self(Level::Avx512);
            }
            if has_avx2() {
                return Self(Level::Avx2);
            }
        }
        Self::scalar()
    }

    /// The kernel in plain Rust, which every machine has.
    pub const fn scalar() -> Self {
        Self(Level::Scalar)
    }

    /// Every kernel of this machine, the plain one first.
    pub fn all_available() -> Vec<Self> {
        let mut kernels = vec![Self::scalar()];
        #[cfg(target_arch = "x86_64")]
        {
            kernels.extend(has_avx2().then_some(Self(Level::Avx2)));
            kernels.extend(has_avx512().then_some(Self(Level::Avx512)));
        }
        kernels
    }

    /// Does work whose loops are compiled for each kernel, with the same bits on every one.
    pub(crate) fn run<W: InLanes>(self, work: W) -> W::Answer {
        match self.0 {
            Level::Scalar => work.run(),
            // SAFETY: a value of this level exists only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::run(work) },
            // SAFETY: a value of this level exists only where AVX-512 F was detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::run(work) },
        }
    }

    /// `sum a_i b_i` over the common prefix of the two, the same bits on every kernel.
    ///
    /// 32 partial sums in single precision, entry i in sum i modulo 32, added in halves.
    pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        match self.0 {
            Level::Scalar => scalar::dot(a, b),
            // SAFETY: a value of this level exists only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::dot(a, b) },
            // SAFETY: a value of this level exists only where AVX-512 F was detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::dot(a, b) },
        }
    }

    /// Writes the dot product of the query with each row to its place in `out`.
    pub(super) fn dots<'a>(
        self,
        query: &[f32],
        rows: impl Iterator<Item = &'a [f32]>,
        out: &mut [f32],
    ) {
        match self.0 {
            Level::Scalar => each(rows, out, |row| scalar::dot(query, row)),
            // SAFETY: a value of this level exists only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::dots(query, rows, out) },
            // SAFETY: a value of this level exists only where AVX-512 F was detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::dots(query, rows, out) },
        }
    }

    /// Writes `sum query_i code_i` for each row of codes to its place in `out`.
    ///
    /// The query has a whole number of blocks of [`CODES_PER_BLOCK`] entries; a row has
    /// [`BLOCK_BYTES`] for each. Byte j of a block holds the codes of the entries j (low half) and
    /// `BLOCK_BYTES + j` (high half), each in `0..16`.
    pub(super) fn code_dots<'a>(
        self,
        query: &[i8],
        rows: impl Iterator<Item = &'a [u8]>,
        out: &mut [i32],
    ) {
        let (query, _) = query.as_chunks();
        match self.0 {
            Level::Scalar => each(rows, out, |row| scalar::code_dot(query, row)),
            // SAFETY: a value of this level exists only where AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::code_dots(query, rows, out) },
            // SAFETY: a value of this level exists only where all of AVX-512 F, BW and VNNI was.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::code_dots(query, rows, out) },
        }
    }
}

/// Work on arrays of numbers, of which every kernel has a copy in its own instructions.
///
/// [`InLanes::run`], and what it calls, has to be inlined always: only so it is compiled for the
/// kernel that it runs on. Rust fuses no multiplication with an addition and reorders no sum, so
/// that the copies have the same bits.
pub(crate) trait InLanes {
    /// What comes of it.
    type Answer;

    /// Does the work.
    fn run(self) -> Self::Answer;
}

/// The rows from the first to the last. Rows without entries cannot be told apart: there are none.
pub(super) fn all_rows<T: Pod>(entries: &[T], width: usize) -> impl Iterator<Item = &[T]> {
    let ahead = entries.get(BYTES_AHEAD / size_of::<T>().max(1)..).unwrap_or_default();
    let mut ahead = ahead.chunks(width.max(1));
    entries.chunks_exact(width.max(1)).inspect(move |_| fetch(ahead.next().unwrap_or_default()))
}

/// The rows of a list; one that is not there is empty.
pub(super) fn listed_rows<'a, T: Pod>(
    entries: &'a [T],
    width: usize,
    list: &'a [u32],
) -> impl Iterator<Item = &'a [T]> {
    let row = move |row: &u32| row_of(entries, *row, width);
    let mut ahead = list.get(ROWS_AHEAD..).unwrap_or_default().iter().map(row);
    list.iter().map(row).inspect(move |_| fetch(ahead.next().unwrap_or_default()))
}

fn row_of<T>(entries: &[T], row: u32, width: usize) -> &[T] {
    let start = usize::try_from(row).ok().and_then(|row| row.checked_mul(width));
    start.and_then(|start| entries.get(start..)?.get(..width)).unwrap_or_default()
}

/// One value for each row. Values go first, so that no row is taken that has no place.
fn each<'a, T: 'a, S>(
    rows: impl Iterator<Item = &'a [T]>,
    out: &mut [S],
    value: impl Fn(&[T]) -> S,
) {
    for (out, row) in out.iter_mut().zip(rows) {
        *out = value(row);
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

/// Asks for the cache lines of a row that will be needed soon.
fn fetch<T: Pod>(row: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytemuck::cast_slice::<T, u8>(row).chunks(64) {
        // SAFETY: a prefetch is a hint; it reads nothing that the program sees and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}

/// `sum a_i b_i` over the common prefix of the two: the definition, of which every kernel has a
/// copy in its own instructions.
///
/// Entry i goes to lane i modulo [`LANES`], each product is rounded before it is added, and lanes
/// are added in halves. A multiplication fused with its addition would be rounded once and give
/// other bits; Rust never fuses what is not written so.
#[inline(always)]
fn dot_in_lanes(a: &[f32], b: &[f32]) -> f32 {
    let common = a.len().min(b.len());
    let (a_blocks, a_rest) = a.get(..common).unwrap_or_default().as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.get(..common).unwrap_or_default().as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        add_products(&mut sums, a, b);
    }
    if !a_rest.is_empty() {
        add_products(&mut sums, &filled(a_rest), &filled(b_rest));
    }
    let mut width = LANES / 2;
    while width > 0 {
        let (low, high) = sums.split_at_mut(width);
        low.iter_mut().zip(high).for_each(|(low, high)| *low += *high);
        width /= 2;
    }
    let [sum, ..] = sums;
    sum
}

#[inline(always)]
fn add_products(sums: &mut [f32; LANES], a: &[f32; LANES], b: &[f32; LANES]) {
    for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
        *sum += x * y;
    }
}

/// The entries of `rest`, filled up with zeros, which change no sum.
#[inline(always)]
fn filled(rest: &[f32]) -> [f32; LANES] {
    let mut lanes = [0.0; LANES];
    lanes.iter_mut().zip(rest).for_each(|(lane, x)| *lane = *x);
    lanes
}

/// Plain Rust, in the instructions that every machine has.
mod scalar {
    use super::{BLOCK_BYTES, CODES_PER_BLOCK};

    pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
        super::dot_in_lanes(a, b)
    }

    pub(super) fn code_dot(query: &[[i8; CODES_PER_BLOCK]], row: &[u8]) -> i32 {
        let (blocks, _) = row.as_chunks();
        blocks.iter().zip(query).map(|(codes, query)| block(query, codes)).sum()
    }

    fn block(query: &[i8; CODES_PER_BLOCK], codes: &[u8; BLOCK_BYTES]) -> i32 {
        let (low, high) = query.split_at(BLOCK_BYTES);
        let product = |x: &i8, code: u8| i32::from(*x) * i32::from(code);
        let low = codes.iter().zip(low).map(|(codes, x)| product(x, codes & 15));
        let high = codes.iter().zip(high).map(|(codes, x)| product(x, codes >> 4));
        low.sum::<i32>() + high.sum::<i32>()
    }
}

/// The definition compiled for wider registers. It is the same text, so it has the same bits.
#[cfg(target_arch = "x86_64")]
macro_rules! float_kernel {
    ($features:literal) => {
        #[target_feature(enable = $features)]
        pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
            super::dot_in_lanes(a, b)
        }

        #[target_feature(enable = $features)]
        pub(super) fn run<W: super::InLanes>(work: W) -> W::Answer {
            work.run()
        }

        #[target_feature(enable = $features)]
        pub(super) fn dots<'a>(
            query: &[f32],
            rows: impl Iterator<Item = &'a [f32]>,
            out: &mut [f32],
        ) {
            for (out, row) in out.iter_mut().zip(rows) {
                *out = dot(query, row);
            }
        }
    };
}

/// 256-bit registers: AVX2.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::{
        __m256i, _mm256_add_epi32, _mm256_and_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
        _mm256_set1_epi8, _mm256_set1_epi16, _mm256_setzero_si256, _mm256_srli_epi16,
    };

    use bytemuck::must_cast;

    use super::{BLOCK_BYTES, CODES_PER_BLOCK};

    float_kernel!("avx2");

    #[target_feature(enable = "avx2")]
    pub(super) fn code_dots<'a>(
        query: &[[i8; CODES_PER_BLOCK]],
        rows: impl Iterator<Item = &'a [u8]>,
        out: &mut [i32],
    ) {
        for (out, row) in out.iter_mut().zip(rows) {
            let (row, _) = row.as_chunks::<BLOCK_BYTES>();
            let mut sum = _mm256_setzero_si256();
            for (codes, query) in row.iter().zip(query) {
                sum = add_block(sum, query, codes);
            }
            *out = must_cast::<__m256i, [i32; 8]>(sum).iter().sum();
        }
    }

    #[target_feature(enable = "avx2")]
    fn add_block(
        sum: __m256i,
        query: &[i8; CODES_PER_BLOCK],
        codes: &[u8; BLOCK_BYTES],
    ) -> __m256i {
        let [low_0, low_1, high_0, high_1]: [[i8; 32]; 4] = must_cast(*query);
        let [codes_0, codes_1]: [[u8; 32]; 2] = must_cast(*codes);
        let sum = add_half(sum, must_cast(codes_0), must_cast(low_0), must_cast(high_0));
        add_half(sum, must_cast(codes_1), must_cast(low_1), must_cast(high_1))
    }

    /// Sums of two products have at most 2 * 15 * 128 = 3840, so they fit 16 bits.
    #[target_feature(enable = "avx2")]
    fn add_half(sum: __m256i, codes: __m256i, low: __m256i, high: __m256i) -> __m256i {
        let mask = _mm256_set1_epi8(15);
        let ones = _mm256_set1_epi16(1);
        let low = _mm256_maddubs_epi16(_mm256_and_si256(codes, mask), low);
        let codes = _mm256_and_si256(_mm256_srli_epi16::<4>(codes), mask);
        let high = _mm256_maddubs_epi16(codes, high);
        let sum = _mm256_add_epi32(sum, _mm256_madd_epi16(low, ones));
        _mm256_add_epi32(sum, _mm256_madd_epi16(high, ones))
    }
}

/// 512-bit registers: AVX-512 F for single precision, BW and VNNI for integers.
#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::{
        __m512i, _mm512_add_epi32, _mm512_and_si512, _mm512_dpbusd_epi32, _mm512_reduce_add_epi32,
        _mm512_set1_epi8, _mm512_setzero_si512, _mm512_srli_epi16,
    };

    use bytemuck::must_cast;

    use super::{BLOCK_BYTES, CODES_PER_BLOCK};

    float_kernel!("avx512f");

    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    pub(super) fn code_dots<'a>(
        query: &[[i8; CODES_PER_BLOCK]],
        rows: impl Iterator<Item = &'a [u8]>,
        out: &mut [i32],
    ) {
        for (out, row) in out.iter_mut().zip(rows) {
            let (row, _) = row.as_chunks::<BLOCK_BYTES>();
            let (mut low, mut high) = (_mm512_setzero_si512(), _mm512_setzero_si512());
            for (codes, query) in row.iter().zip(query) {
                let [query_low, query_high]: [[i8; BLOCK_BYTES]; 2] = must_cast(*query);
                let mask = _mm512_set1_epi8(15);
                let codes: __m512i = must_cast(*codes);
                let codes_low = _mm512_and_si512(codes, mask);
                let codes_high = _mm512_and_si512(_mm512_srli_epi16::<4>(codes), mask);
                low = _mm512_dpbusd_epi32(low, codes_low, must_cast(query_low));
                high = _mm512_dpbusd_epi32(high, codes_high, must_cast(query_high));
            }
            *out = _mm512_reduce_add_epi32(_mm512_add_epi32(low, high));
        }
    }
}

//! One pass over the rows: the loss at a point, its gradient, its second derivatives.
//!
//! In: a [`Space`] and a point in it. Out: [`Sums`]. Rows are taken in blocks and blocks in chunks
//! of a size that depends on the number of rows and columns alone; chunks are added in their order.
//! So the sums are the same bits on any number of threads.

#[cfg(feature = "parallel")]
use rayon::prelude::*;

use super::lanes::{
    Column, LANES, Lanes, ROWS, Tile, add_products, add_scaled, add_tile, losses, product, total,
};
use super::space::Space;
use crate::vectors::{InLanes, Kernel};

/// Blocks of a chunk, at least.
const BLOCKS_PER_CHUNK: usize = 32;
/// A pass over fewer numbers is over before another thread has begun, and they fit into a cache.
const NUMBERS_MIN: usize = 1 << 18;
/// Second derivatives that all chunks may keep together: 128 MB of them.
const KEPT_MAX: usize = 1 << 24;

/// Some of the rows: of every so many blocks, the first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) stride: usize,
}

impl Part {
    /// Every row.
    pub(super) const ALL: Self = Self { stride: 1 };

    /// The blocks, each as its first row and how many there are.
    pub(super) fn blocks(self, rows: usize) -> impl Iterator<Item = (usize, usize)> {
        let first = (0..rows).step_by(ROWS.saturating_mul(self.stride.max(1)));
        first.map(move |first| (first, ROWS.min(rows - first)))
    }
}

/// What is wanted of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// The loss and its gradient.
    Gradient,
    /// The second derivatives, too.
    Curvature,
}

/// What a pass gives.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    /// The loss.
    pub(super) loss: f64,
    /// The least margin of a row that counts: above 0, no row is on the wrong side.
    pub(super) margin: f64,
    pub(super) gradient: Vec<f64>,
    /// A square table by rows; empty where it was not wanted.
    pub(super) curvature: Vec<f64>,
}

/// Sums over rows at a point.
pub(super) fn sums(space: &Space<'_>, part: Part, point: &[f64], want: Want) -> Sums {
    let blocks: Vec<(usize, usize)> = part.blocks(space.samples.rows()).collect();
    let width = space.width();
    let kept = (KEPT_MAX / (width * width).max(1)).max(1);
    let per_chunk = BLOCKS_PER_CHUNK.max(blocks.len().div_ceil(kept));
    let kernel = Kernel::detect();
    let chunk = |blocks: &[(usize, usize)]| kernel.run(Chunk { space, blocks, point, want });
    #[cfg(feature = "parallel")]
    let chunks: Vec<Raw> = if blocks.len() * ROWS * width < NUMBERS_MIN {
        blocks.chunks(per_chunk).map(chunk).collect()
    } else {
        blocks.par_chunks(per_chunk).map(chunk).collect()
    };
    #[cfg(not(feature = "parallel"))]
    let chunks = blocks.chunks(per_chunk).map(chunk);
    let mut all = Raw::new(width, want);
    for chunk in chunks {
        all.add(&chunk);
    }
    all.finish(width, want)
}

/// The number of columns, filled up to pairs.
const fn paired(width: usize) -> usize {
    width.next_multiple_of(2)
}

/// Sums of a chunk; second derivatives as tiles of two columns by two, the lower half by rows.
struct Raw {
    loss: f64,
    margin: f64,
    gradient: Vec<f64>,
    tiles: Vec<[f64; 4]>,
}

impl Raw {
    fn new(width: usize, want: Want) -> Self {
        let tiles = vec![[0.0; 4]; tiles(width, want)];
        Self { loss: 0.0, margin: f64::INFINITY, gradient: vec![0.0; width], tiles }
    }

    fn add(&mut self, other: &Self) {
        self.loss += other.loss;
        self.margin = self.margin.min(other.margin);
        self.gradient.iter_mut().zip(&other.gradient).for_each(|(sum, more)| *sum += more);
        for (sums, more) in self.tiles.iter_mut().zip(&other.tiles) {
            sums.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
    }

    fn finish(self, width: usize, want: Want) -> Sums {
        let Self { loss, margin, gradient, tiles } = self;
        let mut curvature = match want {
            Want::Gradient => Vec::new(),
            Want::Curvature => vec![0.0; width * width],
        };
        let mut tiles = tiles.into_iter();
        let mut set = |row: usize, column: usize, value: f64| {
            if row < width && column < width {
                curvature[row * width + column] = value;
                curvature[column * width + row] = value;
            }
        };
        for row in (0..paired(width)).step_by(2) {
            for column in (0..=row).step_by(2) {
                let Some([s00, s01, s10, s11]) = tiles.next() else { break };
                set(row, column, s00);
                set(row, column + 1, s01);
                set(row + 1, column, s10);
                set(row + 1, column + 1, s11);
            }
        }
        Sums { loss, margin, gradient, curvature }
    }
}

fn tiles(width: usize, want: Want) -> usize {
    let pairs = paired(width) / 2;
    if want == Want::Curvature { pairs * (pairs + 1) / 2 } else { 0 }
}

/// The sums of a chunk, as work for a kernel.
struct Chunk<'w, 's> {
    space: &'w Space<'s>,
    blocks: &'w [(usize, usize)],
    point: &'w [f64],
    want: Want,
}

impl InLanes for Chunk<'_, '_> {
    type Answer = Raw;

    #[inline(always)]
    fn run(self) -> Raw {
        let Self { space, blocks, point, want } = self;
        let width = space.width();
        let mut own = empty_columns(space);
        let mut scaled: Vec<Column> = vec![[0.0; ROWS]; own.len()];
        let (mut loss, mut margin): (Lanes, Lanes) = ([0.0; LANES], [f64::INFINITY; LANES]);
        let mut gradient: Vec<Lanes> = vec![[0.0; LANES]; width];
        let mut tiles: Vec<Tile> = vec![[[0.0; LANES]; 4]; tiles(width, want)];
        for (first, count) in blocks {
            let kept = space.kept.chunks_exact(own.len()).nth(first / ROWS);
            let columns = kept.unwrap_or_else(|| {
                gather(space, *first, *count, &mut own);
                &own
            });
            let (mut score, sign, weight) = about(space, *first, *count);
            for (column, factor) in columns.iter().zip(point) {
                add_scaled(&mut score, column, *factor);
            }
            let block = losses(&score, &sign, &weight, &mut loss, &mut margin);
            for (sums, column) in gradient.iter_mut().zip(columns) {
                add_products(sums, column, &block.slope);
            }
            if want == Want::Curvature {
                for (scaled, column) in scaled.iter_mut().zip(columns) {
                    *scaled = product(column, &block.root);
                }
                add_all_products(&scaled, &mut tiles);
            }
        }
        Raw {
            loss: total(&loss),
            margin: margin.iter().copied().fold(f64::INFINITY, f64::min),
            gradient: gradient.iter().map(total).collect(),
            tiles: tiles.iter().map(|tile| tile.each_ref().map(total)).collect(),
        }
    }
}

/// Puts the features of a block into columns, scaled.
#[inline(always)]
fn gather(space: &Space<'_>, first: usize, count: usize, columns: &mut [Column]) {
    let (center, inverse) = (space.center.as_slice(), space.inverse.as_slice());
    let features = &space.samples.features;
    if let Some(rows) = features.rows_of(first, count) {
        for (row, numbers) in rows.enumerate() {
            let scales = center.iter().zip(inverse);
            for ((column, number), (center, inverse)) in columns.iter_mut().zip(numbers).zip(scales)
            {
                column[row % ROWS] = (number - center) * inverse;
            }
        }
        return;
    }
    features.each(first, count, |row, column, number| {
        let place = columns.get_mut(column).and_then(|column| column.get_mut(row));
        if let (Some(place), Some(center), Some(inverse)) =
            (place, center.get(column), inverse.get(column))
        {
            *place = (number - center) * inverse;
        }
    });
}

/// Columns of a block without features: the last one of the intercept is all ones.
fn empty_columns(space: &Space<'_>) -> Vec<Column> {
    let width = space.width();
    let mut columns: Vec<Column> = vec![[0.0; ROWS]; paired(width)];
    if space.has_intercept
        && let Some(ones) = columns.get_mut(width - 1)
    {
        *ones = [1.0; ROWS];
    }
    columns
}

/// The columns of all blocks, where they are so few that every pass may find them in the cache.
pub(super) fn kept_columns(space: &Space<'_>) -> Vec<Column> {
    let rows = space.samples.rows();
    let blocks = rows.div_ceil(ROWS);
    if blocks * ROWS * paired(space.width()) >= NUMBERS_MIN {
        return Vec::new();
    }
    let mut kept = empty_columns(space).repeat(blocks);
    let blocks = Part::ALL.blocks(rows).zip(kept.chunks_exact_mut(paired(space.width())));
    blocks.for_each(|((first, count), columns)| gather(space, first, count, columns));
    kept
}

/// The offsets of a block, its labels as signs, and its weights; rows behind the last have none.
#[inline(always)]
fn about(space: &Space<'_>, first: usize, count: usize) -> (Column, Column, Column) {
    let (mut score, mut sign, mut weight) = ([0.0; ROWS], [1.0; ROWS], [0.0; ROWS]);
    let samples = &space.samples;
    let labels = samples.labels.get(first..first + count).unwrap_or_default();
    for (row, label) in labels.iter().enumerate().take(ROWS) {
        sign[row] = if *label { 1.0 } else { -1.0 };
        weight[row] = space.weight(first + row, *label);
        score[row] = samples.offset(first + row);
    }
    (score, sign, weight)
}

/// Adds the products of all pairs of columns to the tiles.
#[inline(always)]
fn add_all_products(columns: &[Column], tiles: &mut [Tile]) {
    let (pairs, _) = columns.as_chunks::<2>();
    let mut tiles = tiles.iter_mut();
    for (row, [a0, a1]) in pairs.iter().enumerate() {
        for ([b0, b1], tile) in pairs.iter().take(row + 1).zip(&mut tiles) {
            add_tile(tile, [a0, a1], [b0, b1]);
        }
    }
}

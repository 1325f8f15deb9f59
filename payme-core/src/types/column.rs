//! Columns: long, immutable rows of plain numbers, owned or lent by a snapshot.
//!
//! In: a `Vec`, or a window into bytes that someone else holds, such as a mapped file. Out: a
//! slice. A column is cheap to clone and never changes; what it owns begins at a 64-byte boundary
//! where the size of an entry allows it. Nothing is copied out of shared bytes.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use bytemuck::{Pod, PodCastError};

/// Where owned columns begin, in bytes: a cache line, and the widest register of the kernels.
const ALIGNMENT: usize = 64;

/// Bytes that several columns can be windows of.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// An immutable column of plain numbers, which dereferences to a slice.
///
/// `Debug` prints the number of entries and none of them.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// # use payme_core::types::Column;
/// let owned = Column::from(vec![1_u32, 2, 3]);
/// assert_eq!(owned.get(1), Some(&2));
///
/// // The same numbers, used in place where they are stored.
/// let bytes: Arc<Column<u32>> = Arc::new(owned.clone());
/// let shared = Column::<u32>::shared(bytes, 4..12)?;
/// assert_eq!(*shared, [2, 3]);
/// # Ok::<(), payme_core::types::ColumnError>(())
/// ```
pub struct Column<T>(Storage<T>);

enum Storage<T> {
    /// The entries from `start` on; those before it only fill up to the boundary.
    Owned { entries: Arc<Vec<T>>, start: usize },
    /// A window that [`Column::shared`] found aligned and whole.
    Shared { bytes: SharedBytes, range: Range<usize> },
}

/// Why bytes cannot be used as a column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnError {
    /// The window reaches beyond the bytes, or ends before it begins.
    #[error("bytes {start}..{end} are not inside the {len} bytes there are")]
    OutOfBounds {
        /// Where the window begins, in bytes.
        start: usize,
        /// Where it ends, in bytes.
        end: usize,
        /// How many bytes there are.
        len: usize,
    },
    /// The window ends inside an entry.
    #[error("{bytes} bytes are not a whole number of entries of {size} bytes")]
    Partial {
        /// How many bytes the window has.
        bytes: usize,
        /// How many bytes an entry has.
        size: usize,
    },
    /// The window begins where an entry of this type may not lie in memory.
    #[error("byte {start} does not lie at a multiple of {alignment} in memory")]
    Misaligned {
        /// Where the window begins, in bytes.
        start: usize,
        /// What the address has to be a multiple of.
        alignment: usize,
    },
    /// Stored columns have their least significant byte first and this machine does not.
    #[error("stored columns can be used in place on little-endian machines only")]
    ByteOrder,
}

impl ColumnError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OutOfBounds { .. } => "column_out_of_bounds",
            Self::Partial { .. } => "column_partial",
            Self::Misaligned { .. } => "column_misaligned",
            Self::ByteOrder => "column_byte_order",
        }
    }
}

impl<T: Pod> Column<T> {
    /// The entries in the bytes of `range`, used in place.
    ///
    /// The bytes must not change while columns look at them. An owner that hands out other bytes
    /// later breaks no memory: a column that does not fit any more is empty.
    ///
    /// # Errors
    /// [`ColumnError`], each variant.
    pub fn shared(bytes: SharedBytes, range: Range<usize>) -> Result<Self, ColumnError> {
        check_byte_order(cfg!(target_endian = "little"))?;
        window::<T>((*bytes).as_ref(), &range)?;
        Ok(Self(Storage::Shared { bytes, range }))
    }

    /// The entries as they lie in memory: on a little-endian machine, what [`Column::shared`]
    /// takes.
    pub fn as_bytes(&self) -> &[u8] {
        bytemuck::cast_slice(self)
    }
}

const fn check_byte_order(little_endian: bool) -> Result<(), ColumnError> {
    if little_endian { Ok(()) } else { Err(ColumnError::ByteOrder) }
}

fn window<'a, T: Pod>(bytes: &'a [u8], range: &Range<usize>) -> Result<&'a [T], ColumnError> {
    let Range { start, end } = *range;
    let len = bytes.len();
    let bytes = bytes.get(start..end).ok_or(ColumnError::OutOfBounds { start, end, len })?;
    if bytes.is_empty() {
        // No entries lie nowhere, so nothing is wrong with their address.
        return Ok(&[]);
    }
    bytemuck::try_cast_slice(bytes).map_err(|error| match error {
        PodCastError::TargetAlignmentGreaterAndInputNotAligned
        | PodCastError::AlignmentMismatch => {
            ColumnError::Misaligned { start, alignment: align_of::<T>() }
        }
        PodCastError::OutputSliceWouldHaveSlop | PodCastError::SizeMismatch => {
            ColumnError::Partial { bytes: bytes.len(), size: size_of::<T>() }
        }
    })
}

impl<T: Pod> Deref for Column<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Storage::Owned { entries, start } => entries.get(*start..).unwrap_or_default(),
            Storage::Shared { bytes, range } => {
                window((**bytes).as_ref(), range).unwrap_or_default()
            }
        }
    }
}

impl<T: Pod> From<Vec<T>> for Column<T> {
    fn from(mut entries: Vec<T>) -> Self {
        let len = entries.len();
        if len > 0 && entries.as_ptr().align_offset(ALIGNMENT) > 0 {
            entries.reserve_exact(ALIGNMENT / size_of::<T>().max(1));
        }
        // Moving the vector into its `Arc` leaves the entries where they are.
        let start = entries.as_ptr().align_offset(ALIGNMENT);
        if start == 0 || start > entries.capacity() - len {
            return Self(Storage::Owned { entries: Arc::new(entries), start: 0 });
        }
        entries.resize(start + len, T::zeroed());
        entries.copy_within(..len, start);
        Self(Storage::Owned { entries: Arc::new(entries), start })
    }
}

impl<T: Pod> FromIterator<T> for Column<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        Self::from(entries.into_iter().collect::<Vec<T>>())
    }
}

/// The entries as they lie in memory, so that a column can lend windows of itself.
impl<T: Pod> AsRef<[u8]> for Column<T> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Storage::Owned { entries, start } => {
                Storage::Owned { entries: Arc::clone(entries), start: *start }
            }
            Storage::Shared { bytes, range } => {
                Storage::Shared { bytes: Arc::clone(bytes), range: range.clone() }
            }
        })
    }
}

impl<T: Pod> Default for Column<T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<T: Pod + PartialEq> PartialEq for Column<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Pod> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({} entries)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Eight aligned words, so that the tests know where each byte lies.
    fn bytes() -> SharedBytes {
        Arc::new(Column::from(vec![0x0807_0605_0403_0201_u64; 8]))
    }

    #[test]
    fn a_window_is_aligned_and_whole_and_inside_or_refused_with_its_code() {
        let code =
            |range: Range<usize>| Column::<u32>::shared(bytes(), range).map_err(|e| e.code());
        #[expect(clippy::reversed_empty_ranges, reason = "that it is refused is what is tested")]
        let table = [
            (0..64, Ok(16)),
            (4..12, Ok(2)),
            (64..64, Ok(0)),
            (8..8, Ok(0)),
            (0..65, Err("column_out_of_bounds")),
            (65..65, Err("column_out_of_bounds")),
            (8..4, Err("column_out_of_bounds")),
            (0..usize::MAX, Err("column_out_of_bounds")),
            (0..7, Err("column_partial")),
            (1..5, Err("column_misaligned")),
            (2..2, Ok(0)),
        ];
        for (range, expected) in table {
            assert_eq!(code(range.clone()).map(|column| column.len()), expected, "{range:?}");
        }
        assert_eq!(check_byte_order(false).map_err(|e| e.code()), Err("column_byte_order"));
    }

    #[test]
    fn shared_numbers_have_their_least_significant_byte_first() {
        let two = Column::<u16>::shared(bytes(), 2..6).unwrap();
        assert_eq!(*two, [0x0403, 0x0605]);
        let id = Column::<[u8; 16]>::shared(bytes(), 3..19).unwrap();
        assert_eq!(id[0], [4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3]);
        assert_eq!(id.clone(), id);
    }

    #[test]
    fn an_owner_that_hands_out_fewer_bytes_later_gives_an_empty_column() {
        struct Shrinking(Column<u64>, AtomicBool);
        impl AsRef<[u8]> for Shrinking {
            fn as_ref(&self) -> &[u8] {
                let first = self.1.swap(false, Ordering::Relaxed);
                if first { self.0.as_bytes() } else { &[] }
            }
        }
        let owner = Shrinking(Column::from(vec![7, 8]), AtomicBool::new(true));
        let column = Column::<u64>::shared(Arc::new(owner), 0..16).unwrap();
        assert!(column.is_empty());
    }

    #[test]
    fn debug_shows_no_entry() {
        assert_eq!(format!("{:?}", Column::from(vec![42_u8; 3])), "Column(3 entries)");
    }

    #[test]
    fn entries_without_a_size_and_entries_of_odd_sizes_are_kept() {
        assert_eq!(Column::from(vec![(); 5]).len(), 5);
        assert_eq!(*Column::from(vec![[1_u8, 2, 3]; 5]), [[1, 2, 3]; 5]);
        assert!(Column::<()>::shared(bytes(), 0..8).is_err());
    }

    proptest! {
        #[test]
        fn an_owned_column_is_its_entries_from_a_boundary_on(
            entries in prop::collection::vec(any::<u32>(), 0..200),
            spare in 0..40_usize,
        ) {
            let mut given = Vec::with_capacity(entries.len() + spare);
            given.extend_from_slice(&entries);
            let column = Column::from(given);
            prop_assert_eq!(&*column, &entries[..]);
            // An interpreter may not tell where things lie.
            if !cfg!(miri) && !entries.is_empty() {
                prop_assert_eq!(column.as_ptr().addr() % ALIGNMENT, 0);
            }
            let copy: Column<u32> = entries.iter().copied().collect();
            prop_assert_eq!(copy, column);
        }
    }
}

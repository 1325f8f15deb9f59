//! The bytes around the columns: header, table of sections, sections, checksum.
//!
//! | bytes | what |
//! |---|---|
//! | 0..64 | the header: magic, byte order mark, version, length, dimension, sections, zeros |
//! | 64.. | the table: of each section its number, the bytes of an entry, its place and bytes |
//! | then | the sections in the order of the table, each at the next multiple of 64 |
//! | last 16 | from the next multiple of 64: the XXH3-128 of every byte before |
//!
//! Numbers have their least significant byte first, and every byte between the parts is 0. So there
//! is one way to lay out the sections, and only the text of a settlement could be written in
//! another, such as with its members in another order.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use twox_hash::XxHash3_128;

use super::SnapshotError;
use crate::types::{Column, ColumnError, SharedBytes};

/// The format that is written and read. Any change of the bytes, or of what they mean, takes the
/// next number.
pub const SNAPSHOT_VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"payme-ix";
/// Reads as another number where the bytes of a number have the other order.
const BYTE_ORDER_MARK: u32 = 0x0102_0304;
/// Sections begin at multiples of this: a cache line, and the widest register of the kernels.
const ALIGNMENT: usize = 64;
/// What memory has to be a multiple of, so that columns can be used in place.
const ENTRY_ALIGNMENT: usize = 8;
const CHECKSUM_BYTES: usize = 16;
const TABLE_BYTES: usize = SnapshotSection::ALL.len() * size_of::<TableRow>();

/// A part of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotSection {
    /// The name of the embedder.
    Embedder,
    /// Where the text of each settlement begins.
    SettlementStarts,
    /// The settlements, in the form of the settlement file.
    Settlements,
    /// What matching reads of each settlement.
    Facts,
    /// The features that settlements seek.
    Sought,
    /// The rules that are more than the simple form.
    Program,
    /// Where each feature key begins.
    KeyStarts,
    /// The feature keys.
    Keys,
    /// Where the list of each feature begins in the next section.
    SeekingStarts,
    /// The settlements that seek each feature.
    Seeking,
    /// Where the list of each feature begins in the next section.
    AnchoredStarts,
    /// The settlements posted under each feature.
    Anchored,
    /// The settlements posted under none.
    Unanchored,
    /// The settlements that seek no feature.
    SeeksNothing,
    /// Where the embedding of each feature begins in the next two sections.
    VectorStarts,
    /// Where the numbers of the embeddings of features belong.
    VectorPlaces,
    /// The numbers of the embeddings of features.
    VectorValues,
    /// The embeddings of the settlements.
    Embeddings,
}

impl SnapshotSection {
    /// Every section, in the order of the file. They are numbered from 1.
    pub const ALL: [Self; 18] = [
        Self::Embedder,
        Self::SettlementStarts,
        Self::Settlements,
        Self::Facts,
        Self::Sought,
        Self::Program,
        Self::KeyStarts,
        Self::Keys,
        Self::SeekingStarts,
        Self::Seeking,
        Self::AnchoredStarts,
        Self::Anchored,
        Self::Unanchored,
        Self::SeeksNothing,
        Self::VectorStarts,
        Self::VectorPlaces,
        Self::VectorValues,
        Self::Embeddings,
    ];

    /// The name of the section in texts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedder => "embedder",
            Self::SettlementStarts => "settlement starts",
            Self::Settlements => "settlements",
            Self::Facts => "facts",
            Self::Sought => "sought",
            Self::Program => "program",
            Self::KeyStarts => "key starts",
            Self::Keys => "keys",
            Self::SeekingStarts => "seeking starts",
            Self::Seeking => "seeking",
            Self::AnchoredStarts => "anchored starts",
            Self::Anchored => "anchored",
            Self::Unanchored => "unanchored",
            Self::SeeksNothing => "seeks nothing",
            Self::VectorStarts => "vector starts",
            Self::VectorPlaces => "vector places",
            Self::VectorValues => "vector values",
            Self::Embeddings => "embeddings",
        }
    }

    const fn at(self) -> usize {
        self as usize
    }
}

impl fmt::Display for SnapshotSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
struct Header {
    magic: [u8; 8],
    byte_order_mark: u32,
    version: u32,
    length: u64,
    dimension: u32,
    sections: u32,
    zeros: [u64; 4],
}

#[derive(Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
struct TableRow {
    number: u32,
    entry_bytes: u32,
    start: u64,
    bytes: u64,
}

/// A snapshot that is being written.
pub(super) struct Writer {
    bytes: Vec<u8>,
    dimension: u32,
    table: Vec<TableRow>,
}

impl Writer {
    pub(super) fn new(dimension: u32, bytes_expected: usize) -> Self {
        let head = size_of::<Header>() + TABLE_BYTES;
        let mut bytes = Vec::with_capacity(bytes_expected + 2 * head);
        bytes.resize(head, 0);
        Self { bytes, dimension, table: Vec::with_capacity(SnapshotSection::ALL.len()) }
    }

    /// Appends the next section; they come in the order of [`SnapshotSection::ALL`].
    pub(super) fn section<T: Pod>(&mut self, entries: &[T]) {
        self.align();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytemuck::cast_slice(entries));
        self.table.push(TableRow {
            number: count(self.table.len()) + 1,
            entry_bytes: count(size_of::<T>()),
            start: start as u64,
            bytes: (self.bytes.len() - start) as u64,
        });
    }

    pub(super) fn finish(mut self) -> Column<u8> {
        self.align();
        let header = Header {
            magic: MAGIC,
            byte_order_mark: BYTE_ORDER_MARK,
            version: SNAPSHOT_VERSION,
            length: (self.bytes.len() + CHECKSUM_BYTES) as u64,
            dimension: self.dimension,
            sections: count(self.table.len()),
            zeros: [0; 4],
        };
        let table: &[u8] = bytemuck::cast_slice(&self.table);
        let head = bytemuck::bytes_of(&header).iter().chain(table);
        self.bytes.iter_mut().zip(head).for_each(|(byte, written)| *byte = *written);
        let checksum = XxHash3_128::oneshot(&self.bytes).to_le_bytes();
        self.bytes.extend_from_slice(&checksum);
        self.bytes.into()
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(ALIGNMENT), 0);
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A snapshot whose bytes are whole and whose sections are where they have to be.
pub(super) struct Frame {
    bytes: SharedBytes,
    pub(super) dimension: u32,
    table: [TableRow; SnapshotSection::ALL.len()],
}

impl Frame {
    /// Checks everything but what is inside the sections.
    pub(super) fn open(bytes: SharedBytes) -> Result<Self, SnapshotError> {
        let bytes = aligned(bytes);
        let all = (*bytes).as_ref();
        let header = header(all)?;
        check_whole(all, &header)?;
        let table = table(all)?;
        let mut end = size_of::<Header>() + TABLE_BYTES;
        for (section, row) in SnapshotSection::ALL.into_iter().zip(&table) {
            let misplaced = SnapshotError::Section { section };
            let start = end.next_multiple_of(ALIGNMENT);
            let (begins, bytes) = (usize::try_from(row.start), usize::try_from(row.bytes));
            let is_next = count(section.at()) + 1 == row.number && begins == Ok(start);
            let inside = bytes.ok().and_then(|bytes| start.checked_add(bytes));
            let inside = inside.filter(|inside| *inside <= all.len() - CHECKSUM_BYTES);
            let (true, Some(inside)) = (is_next, inside) else { return Err(misplaced) };
            let between = all.get(end..start).unwrap_or_default();
            if between.iter().any(|byte| *byte != 0) {
                return Err(misplaced);
            }
            end = inside;
        }
        // After the last section nothing may come but zeros up to the checksum.
        let last = SnapshotError::Section { section: SnapshotSection::Embeddings };
        let rest = all.get(end..all.len() - CHECKSUM_BYTES).ok_or(last.clone())?;
        if end.next_multiple_of(ALIGNMENT) != end + rest.len() || rest.iter().any(|x| *x != 0) {
            return Err(last);
        }
        Ok(Self { dimension: header.dimension, table, bytes })
    }

    fn range(&self, section: SnapshotSection) -> Range<usize> {
        // `open` found that these are places inside the bytes, in their order.
        let row = self.table.get(section.at());
        let place = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
        row.map_or(0..0, |row| place(row.start)..place(row.start.saturating_add(row.bytes)))
    }

    /// A section, used in place.
    pub(super) fn column<T: Pod>(
        &self,
        section: SnapshotSection,
    ) -> Result<Column<T>, SnapshotError> {
        let row = self.table.get(section.at());
        if row.is_none_or(|row| row.entry_bytes != count(size_of::<T>())) {
            return Err(SnapshotError::Section { section });
        }
        Column::shared(Arc::clone(&self.bytes), self.range(section)).map_err(|error| match error {
            ColumnError::ByteOrder => SnapshotError::ByteOrder,
            ColumnError::OutOfBounds { .. }
            | ColumnError::Partial { .. }
            | ColumnError::Misaligned { .. } => SnapshotError::Section { section },
        })
    }

    /// A section of text.
    pub(super) fn text(&self, section: SnapshotSection) -> Result<&str, SnapshotError> {
        let row = self.table.get(section.at()).filter(|row| row.entry_bytes == 1);
        let bytes = row.and_then(|_| (*self.bytes).as_ref().get(self.range(section)));
        bytes
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .ok_or(SnapshotError::Section { section })
    }
}

/// The bytes, copied where columns could not be used in place: a file that is mapped, or read into
/// a [`Column`], never is.
fn aligned(bytes: SharedBytes) -> SharedBytes {
    let all = (*bytes).as_ref();
    if all.as_ptr().align_offset(ENTRY_ALIGNMENT) == 0 {
        return bytes;
    }
    let copy: Column<u8> = all.to_vec().into();
    Arc::new(copy)
}

fn header(all: &[u8]) -> Result<Header, SnapshotError> {
    let bytes = all.get(..size_of::<Header>()).ok_or(SnapshotError::NotASnapshot)?;
    let header: Header = bytemuck::pod_read_unaligned(bytes);
    if header.magic != MAGIC {
        return Err(SnapshotError::NotASnapshot);
    }
    if header.byte_order_mark != BYTE_ORDER_MARK {
        return Err(SnapshotError::ByteOrder);
    }
    if header.version != SNAPSHOT_VERSION {
        return Err(SnapshotError::Version { found: header.version });
    }
    Ok(header)
}

/// No byte is missing, none was added, and none is another one.
fn check_whole(all: &[u8], header: &Header) -> Result<(), SnapshotError> {
    let found = all.len() as u64;
    let (content, checksum) = match all.split_last_chunk::<CHECKSUM_BYTES>() {
        Some(parts) if header.length == found => parts,
        _ => return Err(SnapshotError::Length { expected: header.length, found }),
    };
    if XxHash3_128::oneshot(content).to_le_bytes() != *checksum {
        return Err(SnapshotError::Checksum);
    }
    let is_right = count(SnapshotSection::ALL.len()) == header.sections && header.zeros == [0; 4];
    if is_right { Ok(()) } else { Err(SnapshotError::Header) }
}

fn table(all: &[u8]) -> Result<[TableRow; SnapshotSection::ALL.len()], SnapshotError> {
    let start = size_of::<Header>();
    let bytes = all.get(start..start + TABLE_BYTES).ok_or(SnapshotError::Header)?;
    // The checksum behind the table is not a part of it.
    if all.len() < start + TABLE_BYTES + CHECKSUM_BYTES {
        return Err(SnapshotError::Header);
    }
    let mut table = [TableRow::zeroed(); SnapshotSection::ALL.len()];
    bytemuck::cast_slice_mut(&mut table).copy_from_slice(bytes);
    Ok(table)
}

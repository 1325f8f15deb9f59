//! Why a snapshot was refused.

use super::layout::{SNAPSHOT_VERSION, SnapshotSection};
use crate::types::SettlementId;
use crate::types::json::Refusal;

/// Why bytes are not a snapshot that can be used, or why none could be written.
///
/// A snapshot holds nothing that is not in the settlements, so the way out is always the same:
/// compile them and write it anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// They do not begin as one.
    #[error("this is not a catalogue snapshot: check which file was named")]
    NotASnapshot,
    /// Written, or read, on a machine whose numbers have their most significant byte first.
    #[error("snapshots can be used on little-endian machines only: compile the settlements")]
    ByteOrder,
    /// Of another format.
    #[error(
        "the snapshot has format {found} and not {SNAPSHOT_VERSION}: \
         write it anew with this version"
    )]
    Version {
        /// The format that the header names.
        found: u32,
    },
    /// Bytes are missing or were added.
    #[error("the snapshot has {found} bytes instead of {expected}: write it anew")]
    Length {
        /// How many bytes the header names.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A byte is not as it was written.
    #[error("the snapshot is damaged, its checksum does not fit: write it anew")]
    Checksum,
    /// The rest of the header, or the table, is not what this format has.
    #[error("the header of the snapshot is not of format {SNAPSHOT_VERSION}: write it anew")]
    Header,
    /// A section is not where it has to be, or is not made of whole entries of its kind.
    #[error("section \"{section}\" of the snapshot is misplaced or malformed: write it anew")]
    Section {
        /// The section.
        section: SnapshotSection,
    },
    /// An entry is not what compiling the settlements gives.
    #[error(
        "entry {at} of section \"{section}\" is not what the settlements of the snapshot compile \
         to: write it anew with this version"
    )]
    Entry {
        /// The section.
        section: SnapshotSection,
        /// The entry, counted from 0; the number of entries when one is missing.
        at: usize,
    },
    /// A settlement cannot be read.
    #[error("settlement {at} of the snapshot: {refusal}: write it anew with this version")]
    Settlement {
        /// The settlement, counted from 0.
        at: usize,
        /// What is wrong with it.
        refusal: Box<Refusal>,
    },
    /// Made with another embedder.
    #[error(
        "the snapshot was made with embedder \"{stored}\" of dimension {stored_dimension} and is \
         opened with \"{given}\" of dimension {given_dimension}: use that one, or write it anew"
    )]
    Embedder {
        /// The name in the snapshot, shortened.
        stored: String,
        /// The dimension in the snapshot.
        stored_dimension: u32,
        /// The name of the embedder that was given, shortened.
        given: String,
        /// Its dimension.
        given_dimension: usize,
    },
    /// A number of an embedding is not finite, or larger than one of a vector of length 1 can be.
    #[error("vector {at} of section \"{section}\" does not have length 1: write it anew")]
    Vector {
        /// The section.
        section: SnapshotSection,
        /// The vector, counted from 0.
        at: usize,
    },
    /// The embedder has the right name and gives other numbers.
    #[error(
        "the embedder gives another vector than stored for settlement {at}: write the snapshot \
         anew, and name an embedder anew when it changes"
    )]
    EmbedderChanged {
        /// The settlement, counted from 0.
        at: usize,
    },
    /// A settlement that no settlement file can say cannot be stored.
    #[error("settlement {id} would not read back as it is: make it from its file")]
    Unwritable {
        /// The settlement.
        id: SettlementId,
    },
}

impl SnapshotError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotASnapshot => "not_a_snapshot",
            Self::ByteOrder => "snapshot_byte_order",
            Self::Version { .. } => "snapshot_version",
            Self::Length { .. } => "snapshot_length",
            Self::Checksum => "snapshot_checksum",
            Self::Header => "snapshot_header",
            Self::Section { .. } => "snapshot_section",
            Self::Entry { .. } => "snapshot_entry",
            Self::Settlement { .. } => "snapshot_settlement",
            Self::Embedder { .. } => "snapshot_embedder",
            Self::Vector { .. } => "snapshot_vector",
            Self::EmbedderChanged { .. } => "snapshot_embedder_changed",
            Self::Unwritable { .. } => "snapshot_unwritable",
        }
    }
}

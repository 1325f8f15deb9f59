//! The one place where a file becomes memory.

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapOptions};

/// Maps a whole file, for reading alone.
///
/// Nobody may change or shorten the file as long as the map is there: bytes would change under
/// the eyes of the program, or be gone, which ends the process. Replacing the file by another one
/// of its name is fine, since the map stays with the file that was opened.
#[expect(unsafe_code, reason = "no library can promise for other processes that a file stays")]
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // Every byte is read at once for the checksum, so all pages are asked for in one go.
    let mut options = MmapOptions::new();
    options.populate();
    // SAFETY: the callers of `map_snapshot` promise that nobody changes the file in place, and
    // `write_snapshot`, the only writer we have, replaces it.
    unsafe { options.map(file) }
}

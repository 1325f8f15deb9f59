//! Files that are whole: what is written takes the place of what was there in one step.
//!
//! In: a path, a new file beside it, and bytes. Out: nothing. What always holds: whoever reads sees
//! the old file or the new one, also after a loss of power.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Writes the bytes into the file at `beside`, and gives it the other's name once they are on disk.
/// Where that fails, the file beside is removed.
pub(crate) fn take_place(
    path: &Path,
    beside: &Path,
    mut file: File,
    bytes: &[u8],
) -> io::Result<()> {
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    drop(file);
    let replaced = written.and_then(|()| fs::rename(beside, path));
    if replaced.is_err() {
        // What failed is what is told; a file left behind does no harm.
        drop(fs::remove_file(beside));
    }
    replaced?;
    sync_folder(path)
}

/// Makes the new name last: on Unix it is a change of the folder.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

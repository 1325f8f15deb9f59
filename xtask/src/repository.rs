//! Where things are in the repository.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The checkout that the chores work on.
#[derive(Debug)]
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The checkout that cargo started xtask from.
    ///
    /// # Errors
    /// [`Failure::NoRepository`] when cargo did not start it.
    pub(crate) fn find() -> Result<Self, Failure> {
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let root = manifest_dir.as_deref().and_then(Path::parent).ok_or(Failure::NoRepository)?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// The folder that holds everything.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path inside the checkout.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// A path inside cargo's target folder, wherever that is.
    pub(crate) fn target(&self, inside: &str) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        self.root.join(target).join(inside)
    }

    /// The names, without `.rs`, of the Rust files directly in a folder, sorted; none when the
    /// folder is not there.
    ///
    /// # Errors
    /// [`Failure::Unreadable`].
    pub(crate) fn rust_files(&self, folder: &str) -> Result<Vec<String>, Failure> {
        let path = self.path(folder);
        let unreadable = |error| Failure::Unreadable { path: path.clone(), error };
        let entries = match path.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_some_and(|extension| extension == "rs") {
                names.extend(file.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
            }
        }
        names.sort();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_files_are_sorted_names_and_a_missing_folder_has_none() {
        let repository = Repository::find().unwrap();
        let names = repository.rust_files("xtask/src").unwrap();
        assert!(names.is_sorted());
        assert!(names.contains(&String::from("repository")));
        assert!(repository.rust_files("no-such-folder").unwrap().is_empty());
    }
}

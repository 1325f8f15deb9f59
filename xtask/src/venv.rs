//! Environments of Python: made from a list of what is in them, and kept while the list stays.
//!
//! In: a file with one package and its version a line. Out: the interpreter of an environment that
//! holds just that. A copy of the list, written last, says what an environment was made from.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;

/// The interpreter of the environment in this folder of cargo's target folder. It is made anew
/// when the list in `requirements` is not the one it was made from.
///
/// # Errors
/// [`Failure::Unreadable`], and what [`Run::run_in`] gives.
pub(crate) fn ready(
    repository: &Repository,
    folder: &str,
    requirements: &str,
) -> Result<PathBuf, Failure> {
    let wanted = read(&repository.path(requirements))?;
    let folder = repository.target(folder);
    let interpreter = folder.join("bin").join("python");
    let made_from = folder.join("requirements.txt");
    if read(&made_from).is_ok_and(|made_from| made_from == wanted) {
        return Ok(interpreter);
    }
    let venv = Run::new("python3").words("-m venv --clear").arg(&folder);
    venv.run_in(repository.root())?;
    let pip = Run::new(&interpreter)
        .words("-m pip install --quiet --disable-pip-version-check --requirement");
    pip.arg(requirements).run_in(repository.root())?;
    // Written last: an environment that was not finished has none.
    let written = fs::write(&made_from, wanted);
    written.map_err(|error| Failure::Unreadable { path: made_from, error })?;
    Ok(interpreter)
}

fn read(path: &Path) -> Result<String, Failure> {
    let unreadable = |error| Failure::Unreadable { path: path.to_path_buf(), error };
    fs::read_to_string(path).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_has_one_version() {
        let repository = Repository::find().unwrap();
        for list in [
            "benches/peers/requirements.txt",
            "payme-py/requirements-test.txt",
            "payme-py/requirements-beyond.txt",
        ] {
            let text = read(&repository.path(list)).unwrap();
            assert!(text.lines().count() > 3, "{list}");
            assert!(text.lines().all(|line| line.split("==").count() == 2), "{list}: {text}");
        }
    }
}

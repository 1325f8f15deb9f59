//! The Python package: its wheel is built, installed where nothing else of ours is, and tested.
//!
//! The environment is `target/python/venv`, made from `payme-py/requirements-test.txt`; the wheel
//! stands in `target/python/wheels`. What is tested is the wheel and not the sources beside it.
//! Clusters have an environment of their own, `target/python/beyond`, which is large.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::command::Run;
use crate::failure::Failure;
use crate::repository::Repository;
use crate::venv;

const PACKAGE: &str = "payme-py";
const REQUIREMENTS: &str = "payme-py/requirements-test.txt";
const VENV: &str = "python/venv";
const BEYOND: &str = "payme-py/requirements-beyond.txt";

/// Builds the wheel, and runs its tests, its examples and the checks of its types and its style.
///
/// # Errors
/// [`Failure::Unreadable`], and what [`Run::run_in`] gives.
pub(crate) fn test(repository: &Repository) -> Result<(), Failure> {
    let interpreter = venv::ready(repository, VENV, REQUIREMENTS)?;
    let python = |line: &str| Run::new(&interpreter).arg("-m").words(line);
    let root = repository.root();
    let package = repository.path(PACKAGE);
    for style in ["format --check", "check --quiet"] {
        python(&format!("ruff {style} --no-cache --config pyproject.toml . ../examples"))
            .run_in(&package)?;
    }
    installed(repository, "dev")?;
    // The answers of the command are what those of the package are held against.
    Run::cargo("build --package payme").run_in(root)?;
    let program = format!("debug/payme{}", std::env::consts::EXE_SUFFIX);
    let pytest = "pytest --quiet -p no:cacheprovider --doctest-modules --doctest-glob=README.md";
    python(pytest)
        .words("--pyargs payme tests README.md ../README.md")
        .env("PAYME_BIN", repository.target(&program))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .run_in(&package)?;
    // It leaves a cache where it runs.
    python("mypy.stubtest payme").run_in(&repository.target("python"))?;
    let cache = repository.target("python/mypy");
    python("mypy python/payme").env("MYPY_CACHE_DIR", &cache).run_in(&package)?;
    let example = Run::new(&interpreter).words("-W error examples/calibration_curve.py");
    example.run_in(root)?;
    // Few rows, so that what times it cannot rot.
    let core = native(repository, "dev")?;
    let small = Run::new(&interpreter).words("bench/peers.py --small --core").arg(core);
    small.env("PYTHONDONTWRITEBYTECODE", "1").run_in(&package)
}

/// The interpreter of the environment, with a wheel of this profile in it.
///
/// # Errors
/// [`Failure::Unreadable`], and what [`Run::run_in`] gives.
pub(crate) fn installed(repository: &Repository, profile: &str) -> Result<PathBuf, Failure> {
    let interpreter = venv::ready(repository, VENV, REQUIREMENTS)?;
    let python = |line: &str| Run::new(&interpreter).arg("-m").words(line);
    let root = repository.root();
    // A wheel of an older version would be installed, too.
    let wheels = repository.target("python/wheels");
    match fs::remove_dir_all(&wheels) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(Failure::Unreadable { path: wheels, error });
        }
        _ => {}
    }
    python(&format!("maturin build --quiet --profile {profile}"))
        .words("--manifest-path payme-py/Cargo.toml --out")
        .arg(&wheels)
        .arg("--interpreter")
        .arg(&interpreter)
        .run_in(root)?;
    python("pip install --quiet --disable-pip-version-check --no-index --no-deps")
        .words("--force-reinstall payme --find-links")
        .arg(&wheels)
        .run_in(root)?;
    Ok(interpreter)
}

/// Matches people in local clusters of Spark and Ray, and compares the bytes with one process.
///
/// # Errors
/// [`Failure::Unavailable`] where there is no Java and it cannot be installed,
/// [`Failure::Unreadable`], and what [`Run::run_in`] gives.
pub(crate) fn beyond(repository: &Repository, profile: &str, users: &str) -> Result<(), Failure> {
    java(repository)?;
    installed(repository, profile)?;
    let root = repository.root();
    let interpreter = venv::ready(repository, "python/beyond", BEYOND)?;
    Run::new(&interpreter)
        .words("-m pip install --quiet --disable-pip-version-check --no-index --no-deps")
        .words("--force-reinstall payme --find-links")
        .arg(repository.target("python/wheels"))
        .run_in(root)?;
    for example in ["examples/batch_match_spark.py", "examples/batch_match_ray.py"] {
        Run::new(&interpreter)
            .arg(example)
            .words(&format!("--users {users}"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .run_in(root)?;
    }
    Ok(())
}

/// Sees to it that there is a Java, which Spark runs on.
fn java(repository: &Repository) -> Result<(), Failure> {
    let root = repository.root();
    if Run::new("java").arg("-version").succeeds_in(root) {
        return Ok(());
    }
    let reason = "Spark needs Java 17 or newer: install it, for instance as default-jre-headless";
    let unavailable = |_| Failure::Unavailable { reason };
    let apt = |line: &str| Run::new("apt-get").words(line).env("DEBIAN_FRONTEND", "noninteractive");
    apt("update --quiet").run_in(root).map_err(unavailable)?;
    apt("install --yes --quiet --no-install-recommends default-jre-headless")
        .run_in(root)
        .map_err(unavailable)
}

/// The program that does the work of the benchmark without Python, built in this profile.
///
/// # Errors
/// What [`Run::run_in`] gives.
pub(crate) fn native(repository: &Repository, profile: &str) -> Result<PathBuf, Failure> {
    let build = format!("build --quiet --package payme-py --example native --profile {profile}");
    Run::cargo(&build).run_in(repository.root())?;
    let folder = if profile == "dev" { "debug" } else { profile };
    let program = format!("{folder}/examples/native{}", std::env::consts::EXE_SUFFIX);
    Ok(repository.target(&program))
}

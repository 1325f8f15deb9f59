//! The tests of the vectors, whose kernels are the only `unsafe` code here, under tools that see
//! what a test cannot: `AddressSanitizer` and Miri.
//!
//! `AddressSanitizer` runs the real instructions and finds accesses outside of what was allocated.
//! It needs no more than the compiler of the repository. Miri interprets the program, the wide
//! instructions too, and finds every undefined behaviour; it takes minutes for the kernels alone.
//! Where it is not installed it does not run, and the last line says so.

use crate::command::Run;
use crate::failure::Failure;
use crate::fuzz::nightly;
use crate::repository::Repository;

/// The tests that `AddressSanitizer` runs, and those that Miri has the patience for.
const MODULE: &str = "vectors";
const KERNELS: &str = "vectors::tests_kernel";

/// The machine, where its standard library comes with the `AddressSanitizer`.
const MACHINE: Option<&str> =
    if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")) {
        Some("x86_64-unknown-linux-gnu")
    } else if cfg!(all(target_os = "linux", target_env = "gnu", target_arch = "aarch64")) {
        Some("aarch64-unknown-linux-gnu")
    } else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
        Some("aarch64-apple-darwin")
    } else {
        None
    };

/// Which tools were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tools {
    /// `AddressSanitizer`, and Miri where it is installed.
    Installed,
    Address,
    Miri,
}

/// Runs the tools asked for. One that was named and cannot run is a failure.
///
/// # Errors
/// [`Failure::Usage`], [`Failure::Unavailable`], and what [`Run::run_in`] gives when a test fails
/// or a tool finds something.
pub(crate) fn sanitize(repository: &Repository, arguments: &[String]) -> Result<(), Failure> {
    let tools = parse(arguments)?;
    let mut left_out = Vec::new();
    if tools != Tools::Miri {
        match MACHINE {
            Some(machine) => address(repository, machine)?,
            None if tools == Tools::Address => {
                return Err(Failure::Unavailable { reason: NO_ADDRESS });
            }
            None => left_out.push(NO_ADDRESS),
        }
    }
    if tools != Tools::Address {
        if has_miri(repository) {
            miri(repository)?;
        } else if tools == Tools::Miri {
            return Err(Failure::Unavailable { reason: NO_MIRI });
        } else {
            left_out.push(NO_MIRI);
        }
    }
    if left_out.len() == 2 {
        return Err(Failure::Unavailable { reason: "neither tool can run here" });
    }
    left_out.iter().for_each(|reason| println!("NOT CHECKED: {reason}"));
    Ok(())
}

/// The help of `sanitize`.
pub(crate) fn details() -> String {
    format!(
        "address runs the tests of payme-core::{MODULE} under AddressSanitizer, miri those of the\n\
         kernels ({KERNELS}) under Miri, which needs\n\
         `rustup component add miri rust-src --toolchain nightly`. Without an argument both run;\n\
         one that is not there is left out, and the last line says so.\n"
    )
}

const NO_ADDRESS: &str = "no AddressSanitizer comes with the standard library of this machine";
const NO_MIRI: &str = "Miri is not installed: \
                       `rustup component add miri rust-src --toolchain nightly` gets it";

fn parse(arguments: &[String]) -> Result<Tools, Failure> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => Ok(Tools::Installed),
        ["address"] => Ok(Tools::Address),
        ["miri"] => Ok(Tools::Miri),
        _ => Err(Failure::Usage {
            problem: format!("not understood: {}", words.join(" ")),
            hint: String::from("Usage: cargo xtask sanitize [address|miri]"),
        }),
    }
}

/// `RUSTC_BOOTSTRAP` lets a stable compiler take the flag. Programs that run while building, such
/// as procedural macros, are not built for a `--target`, so they are left as they are.
fn address(repository: &Repository, machine: &str) -> Result<(), Failure> {
    println!("==> AddressSanitizer");
    Run::cargo("test -p payme-core --lib --target")
        .words(machine)
        .arg("--target-dir")
        .arg(repository.target("sanitize/address"))
        .arg(MODULE)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .run_in(repository.root())
}

/// What the widest kernel asks for; it brings AVX2 with it.
const WIDE: &str = "-Ctarget-feature=+avx512f,+avx512bw,+avx512vnni";

fn has_miri(repository: &Repository) -> bool {
    nightly("cargo miri --version").succeeds_in(repository.root())
        && nightly("cargo miri setup").succeeds_in(repository.root())
}

/// Miri asks the flags and not the machine what instructions there are. The tests look for a file
/// of inputs that failed before, which isolation would refuse.
fn miri(repository: &Repository) -> Result<(), Failure> {
    println!("==> Miri");
    let wide = if cfg!(target_arch = "x86_64") { WIDE } else { "" };
    nightly("cargo miri test -p payme-core --lib --target-dir")
        .arg(repository.target("sanitize/miri"))
        .arg(KERNELS)
        .env("RUSTFLAGS", wide)
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .run_in(repository.root())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Tools, u8> {
        let arguments: Vec<String> = line.split_whitespace().map(String::from).collect();
        parse(&arguments).map_err(|failure| failure.exit_code())
    }

    #[test]
    fn the_command_line_names_one_tool_or_none() {
        let table = [
            ("", Ok(Tools::Installed)),
            ("address", Ok(Tools::Address)),
            ("miri", Ok(Tools::Miri)),
            ("address miri", Err(2)),
            ("valgrind", Err(2)),
        ];
        for (line, expected) in table {
            assert_eq!(parsed(line), expected, "{line}");
        }
    }

    #[test]
    fn the_tests_that_are_run_are_there() {
        let repository = Repository::find().unwrap();
        let files = repository.rust_files("payme-core/src/vectors").unwrap();
        let file = KERNELS.strip_prefix(MODULE).and_then(|rest| rest.strip_prefix("::"));
        assert!(files.iter().any(|name| Some(name.as_str()) == file), "{files:?}");
    }

    #[test]
    fn the_help_says_how_to_get_what_is_missing() {
        let told = details().replace('\n', " ");
        let command = NO_MIRI.split('`').nth(1).unwrap();
        assert!(told.contains(command), "{told}");
    }
}

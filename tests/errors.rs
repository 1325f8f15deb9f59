//! Every stable code of an error stands in `docs/errors.md`.
//!
//! In: the bodies of the functions named `code`, in the core, the adapters and the command. Out:
//! the codes that the page does not name. A code that is only in a test is none.

use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The words that functions named `code` answer: quoted, lower-case, with `_` between.
fn codes(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let bodies = text.match_indices("fn code(").map(|(at, _)| &text[at..]);
    for body in bodies {
        let signature = body.split('{').next().unwrap_or_default();
        let indent = body.find("\n    }").or_else(|| body.find("\n}"));
        if !signature.contains("&'static str") {
            continue;
        }
        let body = &body[..indent.unwrap_or(body.len())];
        let quoted = body.split('"').skip(1).step_by(2);
        let is_code = |word: &&str| {
            word.contains('_')
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
        };
        found.extend(quoted.filter(is_code).map(str::to_owned));
    }
    found
}

/// The codes of the errors that the command itself makes.
fn made(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, name) in text.match_indices("CliError::new(") {
        let quoted = text[at + name.len()..].trim_start().strip_prefix('"');
        found.extend(quoted.and_then(|rest| rest.split('"').next()).map(str::to_owned));
    }
    found
}

#[test]
fn every_code_is_in_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/errors.md")).unwrap_or_default();
    let mut files = Vec::new();
    for folder in ["payme-core/src", "payme-adapters/src", "src"] {
        sources(&root.join(folder), &mut files);
    }
    let mut missing = Vec::new();
    let mut count = 0;
    for file in &files {
        let text = fs::read_to_string(file).unwrap_or_default();
        for code in codes(&text).into_iter().chain(made(&text)) {
            count += 1;
            if !page.contains(&format!("`{code}`")) {
                missing.push(format!("{}: {code}", file.display()));
            }
        }
    }
    assert!(count > 150, "the codes were not found: {count}");
    assert_eq!(missing, [""; 0], "write these into docs/errors.md");
}

#[test]
fn a_code_of_the_command_is_what_its_error_begins_with() {
    let text = "Err(CliError::new(\"one\", \"two\"))\nCliError::new(\n    \"three_four\",\n)\n\
                CliError::new(error.code(), \"five\")\n";
    assert_eq!(made(text), ["one", "three_four"]);
}

#[test]
fn a_code_is_what_a_function_of_that_name_answers() {
    let text = "impl E {\n    const fn code(self) -> &'static str {\n        match self {\n            \
                Self::A => \"one_two\",\n            Self::B => \"Plain text\",\n        }\n    }\n}\n\
                fn code(n: u8) -> u8 {\n    \"no_code\";\n}\nfn other() -> &'static str {\n    \"three_four\"\n}\n";
    assert_eq!(codes(text), ["one_two"]);
}

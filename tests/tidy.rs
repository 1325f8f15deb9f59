//! What the repository promises about its own text, one test for each promise.
//!
//! Every check is a function of a path and a text that gives its findings as `path:line: what`,
//! so each is also shown to fail on a bad example.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the core in pipeline order; `lib.rs` may list some of them, in this order.
const PIPELINE: [&str; 14] = [
    "types", "vectors", "text", "catalog", "sync", "evidence", "matching", "ranking", "claims",
    "replies", "payouts", "learning", "audit", "ports",
];
const FILE_LINES_MAX: usize = 600;
const LINE_COLUMNS_MAX: usize = 100;
const TEST_LINE_COLUMNS_MAX: usize = 140;

/// A text of the repository; its path is relative to the root and written with `/`.
struct Source {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text of the repository, sorted by path.
fn sources() -> Vec<Source> {
    let mut folders = vec![root().to_path_buf()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if is_ours(&name) {
                    folders.push(path);
                }
            } else if name != "Cargo.lock"
                && let Ok(text) = fs::read_to_string(&path)
            {
                sources.push(Source { path: relative(&path), text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    assert!(listed.is_ok(), "{}: {listed:?}", folder.display());
    listed.unwrap_or_default().iter().map(fs::DirEntry::path).collect()
}

/// Whether a folder of this name holds text that people wrote.
fn is_ours(folder: &str) -> bool {
    let built = ["target", "corpus", "artifacts", "node_modules", "__pycache__"];
    let hidden = folder.starts_with('.') && ![".cargo", ".ci", ".github"].contains(&folder);
    !hidden && !built.contains(&folder)
}

fn relative(path: &Path) -> String {
    let inside = path.strip_prefix(root()).unwrap_or(path);
    inside.to_string_lossy().replace('\\', "/")
}

fn is_rust(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rs")
}

/// A file that is compiled for tests only, as its name or its folder says.
fn is_test_file(path: &str) -> bool {
    let folder = path.starts_with("tests/") || path.contains("/tests/");
    let file = path.rsplit('/').next().is_some_and(|name| name.starts_with("tests"));
    folder || file
}

/// The number of lines before the module of tests at the bottom of a file.
fn lines_before_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let begins_tests = |&at: &usize| {
        let attributes = lines[at..].iter().take_while(|line| line.starts_with("#["));
        let item = lines.get(at + attributes.count()).unwrap_or(&"");
        lines[at] == "#[cfg(test)]" && item.contains("mod ") && item.ends_with('{')
    };
    (0..lines.len()).find(begins_tests).unwrap_or(lines.len())
}

/// The text without comments and without the tests at its bottom; lines keep their numbers.
fn code(text: &str) -> String {
    let lines = text.lines().take(lines_before_tests(text));
    lines.map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

fn line_at(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// One finding for each line that `problem` has something to say about.
fn each_line(
    path: &str,
    text: &str,
    problem: impl Fn(usize, &str) -> Option<String>,
) -> Vec<String> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(at, line)| Some(format!("{path}:{}: {}", at + 1, problem(at, line)?)))
        .collect()
}

/// Fails with one line for each finding of `check` in the files that `wanted` picks by path.
#[track_caller]
fn hold(wanted: impl Fn(&str) -> bool, check: impl Fn(&str, &str) -> Vec<String>) {
    let sources: Vec<Source> = sources().into_iter().filter(|s| wanted(&s.path)).collect();
    assert!(!sources.is_empty(), "no file to check: the filter of this test is wrong");
    let findings: Vec<String> = sources.iter().flat_map(|s| check(&s.path, &s.text)).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

// The core knows no adapter, no database and no runtime.

fn outside_of_core(path: &str, text: &str) -> Vec<String> {
    let code = if is_rust(path) { code(text) } else { text.to_owned() };
    each_line(path, &code, |_, line| {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        let mut named = words
            .filter(|word| ["payme_adapters", "payme-adapters", "sqlx", "tokio"].contains(word));
        named.next().map(|word| format!("the core may not name `{word}`"))
    })
}

#[test]
fn the_core_names_no_adapter_no_database_and_no_runtime() {
    let core = |path: &str| {
        path == "payme-core/Cargo.toml" || (path.starts_with("payme-core/src/") && is_rust(path))
    };
    hold(core, outside_of_core);
}

#[test]
fn an_adapter_in_the_core_is_found() {
    let bad = "//! About sqlx.\nuse payme_adapters::driver;\nfn f() -> sqlx::Row {}\n";
    let found = outside_of_core("payme-core/src/sync/mod.rs", bad);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("payme-core/src/sync/mod.rs:2: "), "{found:?}");
    assert_eq!(outside_of_core("payme-core/Cargo.toml", "tokio.workspace = true\n").len(), 1);
}

// Inside the core the arrows point down the pipeline.

/// The modules that `lib.rs` declares, in its order.
fn modules(lib: &str) -> Vec<&str> {
    let declared = lib.lines().filter_map(|line| line.strip_suffix(';')?.split_once("mod "));
    declared
        .filter(|(before, _)| before.is_empty() || before.starts_with("pub"))
        .map(|m| m.1)
        .collect()
}

fn out_of_order(path: &str, lib: &str) -> Vec<String> {
    let rank = |name: &str| PIPELINE.iter().position(|stage| *stage == name);
    let ranked: Vec<&str> = modules(lib).into_iter().filter(|m| rank(m).is_some()).collect();
    let pairs = ranked.windows(2).filter(|pair| rank(pair[0]) >= rank(pair[1]));
    pairs.map(|pair| format!("{path}: `{}` belongs before `{}`", pair[1], pair[0])).collect()
}

/// Uses of modules of the core that `lib.rs` lists after the module that `path` belongs to.
fn upward_arrows(path: &str, text: &str, order: &[&str]) -> Vec<String> {
    let Some(inside) = path.strip_prefix("payme-core/src/").filter(|p| !is_test_file(p)) else {
        return Vec::new();
    };
    let segments: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
    let rank = |name: &str| order.iter().position(|module| *module == name);
    let Some(own) = rank(segments[0]) else {
        return Vec::new();
    };
    let depth = segments.len() - usize::from(segments.ends_with(&["mod"]));
    let code = code(text);
    let used = modules_used(&code, "crate::")
        .into_iter()
        .chain(modules_used(&code, &"super::".repeat(depth)));
    let upward = used.filter(|(_, name)| rank(name).is_some_and(|other| other > own));
    upward
        .map(|(line, name)| format!("{path}:{line}: `{}` may not use `{name}`", segments[0]))
        .collect()
}

/// The names that follow the path to the crate's root, each with its line, groups included.
fn modules_used<'a>(code: &'a str, to_root: &str) -> Vec<(usize, &'a str)> {
    let mut used = Vec::new();
    for (at, _) in code.match_indices(to_root) {
        let longer = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        if code[..at].ends_with(longer) {
            continue;
        }
        let start = at + to_root.len();
        if code[start..].starts_with('{') {
            used.extend(group(code, start + 1));
        } else {
            used.push((line_at(code, start), identifier(&code[start..])));
        }
    }
    used
}

/// The first names of the entries of a `{...}` group whose inside begins at `start`.
fn group(code: &str, start: usize) -> Vec<(usize, &str)> {
    let mut entries = Vec::new();
    let (mut depth, mut begins) = (0_usize, true);
    for (at, c) in code[start..].char_indices().map(|(at, c)| (start + at, c)) {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            c if begins && !c.is_whitespace() => {
                entries.push((line_at(code, at), identifier(&code[at..])));
                begins = false;
            }
            _ => {}
        }
    }
    entries
}

fn identifier(code: &str) -> &str {
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_');
    &code[..end.unwrap_or(code.len())]
}

#[test]
fn the_core_lists_its_modules_in_pipeline_order() {
    hold(|path| path == "payme-core/src/lib.rs", out_of_order);
}

#[test]
fn a_stage_uses_types_and_earlier_stages_only() {
    let lib = fs::read_to_string(root().join("payme-core/src/lib.rs")).unwrap();
    let order = modules(&lib);
    assert_eq!(order.first(), Some(&"types"), "{order:?}");
    let core = |path: &str| path.starts_with("payme-core/src/") && is_rust(path);
    hold(core, |path, text| upward_arrows(path, text, &order));
}

#[test]
fn modules_out_of_pipeline_order_are_found() {
    let lib = "//! pub mod doc;\npub mod types;\n\npub mod sync;\npub mod catalog;\nmod extra;\n";
    assert_eq!(modules(lib), ["types", "sync", "catalog", "extra"]);
    assert_eq!(out_of_order("lib.rs", lib), ["lib.rs: `catalog` belongs before `sync`"]);
    assert!(out_of_order("lib.rs", "pub mod types;\npub mod audit;\npub mod ports;\n").is_empty());
}

#[test]
fn an_arrow_up_the_pipeline_is_found_however_it_is_written() {
    let order = ["types", "catalog", "sync", "ports"];
    let found = |path: &str, text: &str| {
        upward_arrows(&format!("payme-core/src/{path}"), text, &order).len()
    };
    assert_eq!(found("catalog/mod.rs", "use crate::sync::Page;\n"), 1);
    assert_eq!(found("catalog/mod.rs", "use crate::{\n  types::{Id, sync},\n  sync,\n};\n"), 1);
    assert_eq!(found("catalog/index.rs", "fn f() { super::super::ports::g() }\n"), 1);
    assert_eq!(found("catalog/mod.rs", "use super::ports::Store;\n"), 1);
    assert_eq!(found("types/id.rs", "fn f(c: &crate::catalog::Index) {}\n"), 1);
    // Down the pipeline, in a document, in a test, and a neighbour with a stage's name: fine.
    assert_eq!(found("sync/mod.rs", "use crate::{catalog, types::Id};\n"), 0);
    assert_eq!(found("ports/mod.rs", "use crate::sync::Page;\n"), 0);
    assert_eq!(found("catalog/mod.rs", "/// See [`crate::sync`].\nfn f() {}\n"), 0);
    assert_eq!(found("catalog/index.rs", "use super::sync::own;\n"), 0);
    let tests = "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::sync::Page;\n}\n";
    assert_eq!(found("catalog/mod.rs", tests), 0);
    assert_eq!(found("catalog/tests.rs", "use crate::sync::Page;\n"), 0);
}

// Nothing is left for later.

fn unfinished(path: &str, text: &str) -> Vec<String> {
    // Each is broken in two here, so that this file may hold it. The last is also the code of
    // ISO 4217 for no currency, and so a mark only where a comment begins with it.
    let marks = [("to", "do!"), ("unimple", "mented!"), ("db", "g!"), ("FIX", "ME")];
    let comments = [("// X", "XX"), ("# X", "XX"), ("-- X", "XX")];
    each_line(path, text, |_, line| {
        let mut marks = marks.iter().chain(&comments).map(|(left, right)| format!("{left}{right}"));
        let mark = marks.find(|mark| contains_word(line, mark))?;
        Some(format!("`{mark}` is not for keeping"))
    })
}

/// Whether `word` is in the line and neither goes on to its left nor to its right.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let goes_on = |c: char| c.is_alphanumeric() || c == '_';
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !before.ends_with(goes_on) && (word.ends_with('!') || !after.starts_with(goes_on))
    })
}

#[test]
fn nothing_is_left_for_later() {
    let source = |path: &str| {
        [".rs", ".py", ".sql", ".sh"].iter().any(|extension| path.ends_with(extension))
    };
    hold(source, unfinished);
}

#[test]
fn what_is_left_for_later_is_found() {
    let bad = concat!("    to", "do!(\"x\")\n# FIX", "ME: x\n// X", "XX\n");
    assert_eq!(unfinished("a.rs", bad).len(), 3);
    assert!(unfinished("a.rs", concat!("unit(\"X", "XX\") my_to", "do!()")).is_empty());
}

// A file can be read from top to bottom.

fn too_big(path: &str, text: &str) -> Vec<String> {
    let lines = text.lines().count();
    let tests_from = if is_test_file(path) { 0 } else { lines_before_tests(text) };
    let mut found = each_line(path, text, |at, line| {
        let max = if at < tests_from { LINE_COLUMNS_MAX } else { TEST_LINE_COLUMNS_MAX };
        let columns = line.chars().count();
        (columns > max).then(|| format!("{columns} columns, at most {max}"))
    });
    if lines > FILE_LINES_MAX {
        found.push(format!("{path}:{lines}: {lines} lines, at most {FILE_LINES_MAX}: split it"));
    }
    found
}

#[test]
fn files_and_lines_are_short() {
    hold(is_rust, too_big);
}

#[test]
fn long_files_and_long_lines_are_found() {
    let wide = "é".repeat(LINE_COLUMNS_MAX + 1);
    assert_eq!(too_big("src/a.rs", &wide).len(), 1);
    assert!(too_big("src/a.rs", &wide[..wide.len() - 2]).is_empty());
    assert!(too_big("tests/a.rs", &wide).is_empty());
    assert!(too_big("src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{wide}\n}}\n")).is_empty());
    assert_eq!(too_big("tests/a.rs", &wide.repeat(2)).len(), 1);
    assert_eq!(too_big("src/a.rs", &"\n".repeat(FILE_LINES_MAX + 1)).len(), 1);
    assert!(too_big("src/a.rs", &"\n".repeat(FILE_LINES_MAX)).is_empty());
}

fn headless(path: &str, text: &str) -> Vec<String> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let first = lines.find(|(_, line)| !line.starts_with("#![") && !line.starts_with("#!/"));
    match first {
        Some((_, line)) if line.starts_with("//!") => Vec::new(),
        Some((at, _)) => vec![format!("{path}:{}: no `//!` header before this", at + 1)],
        None => vec![format!("{path}:1: no `//!` header")],
    }
}

#[test]
fn every_file_says_what_it_is_about() {
    hold(is_rust, headless);
}

#[test]
fn a_file_without_a_header_is_found() {
    for bad in ["", "use std::fs;\n", "// Plain.\n", "#![no_main]\nfn f() {}\n//! Late\n"] {
        assert_eq!(headless("a.rs", bad).len(), 1, "{bad:?}");
    }
    assert!(headless("a.rs", "#![no_main]\n\n//! A header.\n").is_empty());
}

// SQL stands in .sql files.

fn sql_in_rust(path: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let quotes = code.match_indices('"').filter(|(at, _)| is_sql(&code[at + 1..]));
    quotes
        .map(|(at, _)| format!("{path}:{}: SQL belongs in a .sql file", line_at(&code, at)))
        .collect()
}

fn is_sql(literal: &str) -> bool {
    let begin: String = literal.chars().take(200).collect();
    let begin = begin.to_ascii_uppercase().replace("\\N", " ").replace('\\', " ");
    let words: Vec<&str> = begin.split_whitespace().take(3).collect();
    match words[..] {
        ["SELECT", ..] | ["DELETE", "FROM", ..] | ["INSERT" | "REPLACE", "INTO" | "OR", ..] => true,
        ["UPDATE", _, "SET"] => true,
        ["CREATE" | "DROP" | "ALTER", what, ..] => {
            ["TABLE", "INDEX", "UNIQUE", "VIEW", "VIRTUAL", "TRIGGER", "TEMP"].contains(&what)
        }
        _ => false,
    }
}

#[test]
fn sql_stands_in_sql_files() {
    let ours = |path: &str| {
        let source = path.starts_with("src/") || path.starts_with("payme-adapters/src/");
        source && is_rust(path) && !is_test_file(path)
    };
    hold(ours, sql_in_rust);
}

#[test]
fn sql_in_a_string_is_found() {
    let bad = "let q = \"SELECT 1\";\n q(r#\"\n select id\n from t\"#, \"delete from t\");\n\
        q(\"INSERT OR IGNORE INTO t\", \"\\n update t set a = 1\", \"create table t\")\n";
    assert_eq!(sql_in_rust("src/a.rs", bad).len(), 6);
    let good = "f(\"Create a demo\", \"update the list\", \"selected\") // \"select 1\"\n";
    assert!(sql_in_rust("src/a.rs", good).is_empty());
}

/// Statements under `payme-adapters/sql/<database>/` that no source includes.
fn unused_sql(sql: &[&str], sources: &[&str]) -> Vec<String> {
    let statements = sql.iter().filter_map(|path| path.strip_prefix("payme-adapters/sql/"));
    let unused = statements.filter(|statement| {
        let reference = format!("sql/{statement}\"");
        !statement.contains("/migrations/") && !sources.iter().any(|s| s.contains(&reference))
    });
    unused
        .map(|statement| format!("payme-adapters/sql/{statement}:1: nothing includes it"))
        .collect()
}

#[test]
fn every_sql_statement_is_used() {
    let sources = sources();
    let paths = sources.iter().map(|s| s.path.as_str());
    let sql: Vec<&str> = paths.filter(|path| path.ends_with(".sql")).collect();
    let adapters = sources.iter().filter(|s| s.path.starts_with("payme-adapters/src/"));
    let texts: Vec<&str> = adapters.map(|s| s.text.as_str()).collect();
    let found = unused_sql(&sql, &texts);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_statement_that_nothing_includes_is_found() {
    let sql = ["payme-adapters/sql/a/get.sql", "payme-adapters/sql/a/migrations/1.sql"];
    let used = "include_str!(\"../../../sql/a/get.sql\")";
    assert!(unused_sql(&sql, &[used]).is_empty());
    assert_eq!(unused_sql(&sql, &["include_str!(\"../../../sql/b/get.sql\")"]).len(), 1);
}

// The repository speaks of itself and not of the machine it was written on.

fn foreign_words(path: &str, text: &str) -> Vec<String> {
    // Each is broken in two here, so that this file may hold it.
    let index = ("crat", "es.io");
    let words = [("/wo", "rk/"), ("/ro", "ot/"), ("py", "pi.org"), ("registry.np", "mjs.org")];
    each_line(path, text, |_, line| {
        let mut words = words.iter().chain([&("static.rust", "-lang.org"), &index]);
        let found = words.find(|(left, right)| line.contains(&format!("{left}{right}")))?;
        let allowed = *found == index && path == "deny.toml";
        (!allowed).then(|| format!("`{}{}` has no place in the repository", found.0, found.1))
    })
}

#[test]
fn no_text_names_a_machine_or_a_registry() {
    hold(|_| true, foreign_words);
}

#[test]
fn a_machine_path_or_a_registry_host_is_found() {
    let registry = concat!("https://crat", "es.io/x\n");
    let paths = concat!("cd /ro", "ot/x\nsee /wo", "rk/x\n");
    assert_eq!(foreign_words("README.md", paths).len(), 2);
    assert_eq!(foreign_words("README.md", registry).len(), 1);
    assert!(foreign_words("deny.toml", registry).is_empty());
    assert!(foreign_words("README.md", "networks and roots").is_empty());
}

// Links lead somewhere.

/// Relative links of a Markdown text whose target `exists` does not know; code is not looked at.
fn broken_links(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let links = if fenced { Vec::new() } else { links(line) };
        let broken = links.into_iter().filter(|link| !is_elsewhere(link) && !exists(link));
        found.extend(broken.map(|link| format!("{path}:{}: `{link}` is not there", at + 1)));
    }
    found
}

fn is_elsewhere(link: &str) -> bool {
    link.is_empty() || link.contains("://") || link.starts_with("mailto:")
}

/// The targets of `[text](target)` and `[name]: target`, without anchors.
fn links(line: &str) -> Vec<String> {
    let prose: String = line.split('`').step_by(2).collect();
    let inline = prose.split("](").skip(1).map(|rest| rest.split([')', ' ']).next().unwrap_or(""));
    let reference = prose.starts_with('[').then(|| prose.split_once("]: ")).flatten();
    let targets = inline.chain(reference.map(|(_, target)| target.trim()));
    targets.map(|target| target.split('#').next().unwrap_or("").to_owned()).collect()
}

#[test]
fn links_lead_somewhere() {
    let markdown = |path: &str| path.ends_with(".md");
    hold(markdown, |path, text| {
        let folder = root().join(path).parent().map(Path::to_path_buf).unwrap_or_default();
        broken_links(path, text, |link| folder.join(link).exists())
    });
}

#[test]
fn a_link_to_nowhere_is_found() {
    let exists = |link: &str| link == "docs/errors.md";
    let bad = ["[x](docs/eror.md)", "a [`x`](y.md#z) b", "[x]: nowhere.md"];
    for line in bad {
        assert_eq!(broken_links("README.md", line, exists).len(), 1, "{line}");
    }
    let good = "[x](docs/errors.md#a) [y](#here) [z](https://a.b/c)\n`[x](y)`\n```\n[x](y)\n```\n";
    assert!(broken_links("README.md", good, exists).is_empty());
}

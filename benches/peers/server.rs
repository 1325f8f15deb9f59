//! The process that holds the peers, and the lines of JSON that it is spoken to with.
//!
//! One request a line, one answer a line. `{"do": "load", "peer", "kind", "columns",
//! "options"}` makes a peer ready; `{"do": "run", "peer", "query"}` answers with the milliseconds
//! that it took inside that process and with what it gave; `{"do": "drop", "peer"}` frees what it
//! held; `{"do": "quit"}` ends the process. An error is answered with `{"error": ...}`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::columns::Columns;
use crate::race::{Answer, Checksum, Ran};

/// What the interpreter runs.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/server.py");

/// A started process.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// Starts the process with an interpreter that has the peers.
    pub(crate) fn start(python: &Path) -> Self {
        // One thread where nothing else is said, and none that spins while it waits: it would
        // take a core from whoever is measured next.
        let mut child = Command::new(python)
            .arg(PROGRAM)
            .envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")])
            .env("OMP_WAIT_POLICY", "PASSIVE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter of the peers starts");
        let requests = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, requests, answers }
    }

    /// Makes a peer ready. What it says about itself (versions, sizes) comes back.
    pub(crate) fn load(
        &mut self,
        [name, kind]: [&str; 2],
        columns: &Columns,
        options: &Value,
    ) -> Value {
        let columns = columns.described();
        let what = json!({
            "do": "load", "peer": name, "kind": kind, "columns": columns, "options": options
        });
        self.ask(&what)["about"].take()
    }

    /// Runs one query of a peer once.
    pub(crate) fn run(&mut self, peer: &str, query: &str) -> Ran {
        let answer = self.ask(&json!({"do": "run", "peer": peer, "query": query}));
        let ms = answer["ms"].as_f64().expect("milliseconds");
        let number = |name: &str| answer[name].as_u64();
        let answer = match (number("count"), number("sum"), number("xor")) {
            (Some(count), Some(sum), Some(xor)) => Answer::Pairs(Checksum { count, sum, xor }),
            _ => {
                let rows = serde_json::from_value(answer["rows"].clone());
                Answer::Best(rows.expect("a list of rows for each query"))
            }
        };
        Ran { ms, answer }
    }

    /// Frees what a peer holds.
    pub(crate) fn forget(&mut self, peer: &str) {
        self.ask(&json!({"do": "drop", "peer": peer}));
    }

    fn ask(&mut self, request: &Value) -> Value {
        let requests = self.requests.as_mut().expect("a process that was not ended");
        writeln!(requests, "{request}").expect("the peers listen");
        requests.flush().expect("the peers listen");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peers answer");
        let answer: Value = serde_json::from_str(&line).expect("the peers answer in JSON");
        assert!(answer["error"].is_null(), "{}", answer["error"].as_str().unwrap_or_default());
        answer
    }
}

impl Drop for Server {
    /// The end of its input ends the process, which then takes away what it made.
    fn drop(&mut self) {
        self.requests = None;
        if let Err(error) = self.child.wait() {
            eprintln!("the process of the peers is lost: {error}");
        }
    }
}

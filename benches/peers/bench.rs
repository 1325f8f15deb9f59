//! What a row of the table is run with: its sizes, the peers, and where its figures go.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::columns::Columns;
use crate::race::{Answer, Ran, Times};
use crate::report::{Line, Report};
use crate::server::Server;

/// How often each side is timed.
const ROUNDS: usize = 7;

/// One of the others in a row.
pub(crate) struct Peer<'a> {
    /// What the table calls it.
    pub(crate) label: &'static str,
    /// How many times as fast PayMe is meant to be, where that was said.
    pub(crate) target: Option<f64>,
    /// Where it runs.
    pub(crate) place: Place<'a>,
    /// What is wrong with its answer, the first, given that of PayMe.
    pub(crate) same: Same<'a>,
}

/// Compares an answer with that of PayMe.
pub(crate) type Same<'a> = &'a dyn Fn(&Answer, &Answer) -> Result<(), String>;

/// Where a peer runs.
pub(crate) enum Place<'a> {
    /// In the process of the peers, by the name it was loaded under and the name of its query.
    /// Of several the times are added up, and the answer is that of the first.
    There(&'a [(&'static str, &'static str)]),
    /// In this one.
    Here(&'a dyn Fn() -> Ran),
}

/// A peer in the other process that has to give the answer of PayMe.
pub(crate) const fn peer(
    label: &'static str,
    runs: &'static [(&'static str, &'static str)],
    target: Option<f64>,
) -> Peer<'static> {
    Peer { label, target, place: Place::There(runs), same: &Answer::same }
}

/// Everything a row needs.
#[derive(Debug)]
pub(crate) struct Bench {
    server: Option<Server>,
    folder: PathBuf,
    small: bool,
    answers_only: bool,
    report: Report,
}

impl Bench {
    /// A run whose files go to `folder`. Without an interpreter there are no peers, and every row
    /// checks the answers of PayMe alone.
    pub(crate) fn new(
        python: Option<&Path>,
        folder: PathBuf,
        small: bool,
        answers_only: bool,
    ) -> Self {
        let server = python.map(Server::start);
        Self { server, folder, small, answers_only, report: Report::default() }
    }

    /// One of two sizes.
    pub(crate) const fn size(&self, full: usize, small: usize) -> usize {
        if self.small { small } else { full }
    }

    /// Makes a peer of a kind ready with the columns that `write` writes, and gives what it says
    /// about itself; nothing where there are no peers.
    pub(crate) fn load(
        &mut self,
        [name, kind]: [&str; 2],
        options: &Value,
        write: impl FnOnce(&mut Columns),
    ) -> Value {
        let Some(server) = &mut self.server else { return Value::Null };
        let mut columns = Columns::new(&self.folder.join(name));
        write(&mut columns);
        let about = server.load([name, kind], &columns, options);
        self.report.note(name, &about);
        about
    }

    /// Frees what peers hold.
    pub(crate) fn forget(&mut self, peers: &[&str]) {
        if let Some(server) = &mut self.server {
            peers.iter().for_each(|peer| server.forget(peer));
        }
    }

    /// Keeps a figure beside the times.
    pub(crate) fn note(&mut self, name: &str, value: &Value) {
        self.report.note(name, value);
    }

    /// Asks every peer and PayMe once, compares, and then times them in turns: peer, PayMe, peer,
    /// PayMe and so on, comparing each time.
    pub(crate) fn race(&mut self, row: &'static str, peers: &[Peer<'_>], ours: &dyn Fn() -> Ran) {
        let mut times = vec![(Times(Vec::new()), Times(Vec::new())); peers.len()];
        let rounds = if self.answers_only { 0 } else { ROUNDS };
        for round in 0..=rounds {
            for (peer, (theirs, own)) in peers.iter().zip(&mut times) {
                let Some(their_run) = self.run(&peer.place) else { continue };
                let own_run = ours();
                let same = (peer.same)(&their_run.answer, &own_run.answer);
                assert_eq!(same, Ok(()), "{row}: {} and PayMe differ", peer.label);
                // The first round warms up.
                if round > 0 {
                    theirs.0.push(their_run.ms);
                    own.0.push(own_run.ms);
                }
            }
        }
        for (peer, (theirs, ours)) in peers.iter().zip(times) {
            if !theirs.0.is_empty() {
                let Peer { label, target, .. } = *peer;
                self.report.add(Line { row, peer: label, theirs, ours, target });
            }
        }
    }

    /// Runs a peer once; `None` where there are no peers.
    pub(crate) fn run(&mut self, place: &Place<'_>) -> Option<Ran> {
        let all = match place {
            Place::Here(run) => return Some(run()),
            Place::There(all) => *all,
        };
        let server = self.server.as_mut()?;
        let runs = all.iter().map(|(peer, query)| server.run(peer, query));
        runs.reduce(|first, next| Ran { ms: first.ms + next.ms, ..first })
    }

    /// Writes what was timed to `result.json` in the folder.
    pub(crate) fn finish(self) {
        self.report.finish(&self.folder);
    }
}

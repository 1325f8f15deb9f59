//! `payme demo`: the story of the engine, told on bundled settlements and made-up people.
//!
//! Its chapters: what each person matches, how messy records are read, why, who qualifies for a
//! settlement, how some of them are paid, and what is learnt from it. Everything it says is looked
//! up in the database it has just filled. The clock stands still, so the story reads the same in
//! ten years.

mod learning;
mod payouts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use payme::catalog::{Settlement, parse_settlements};
use payme::driver::{EvidenceReport, MatchOptions, RecordedExplanation, ShownMatch, UserMatch};
use payme::evidence::{LedgerEntry, Resolution, Tier, ToldStream};
use payme::files::{read_messages, read_transactions};
use payme::matching::{Missing, Truth, Variant};
use payme::ranking::{MatchResult, Qualified};
use payme::sync::{StoredRecord, plan_pages};
use payme::system::FixedClock;
use payme::types::{Date, Instant, Person, SettlementId, Source, State, UserId};
use payme::{Config, Payme};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::payouts::{DemoRandom, Paid};
use super::args::{DemoArgs, Global};
use super::error::CliError;
use super::explain::sentences;
use super::matching::table_of;
use super::{Finding, merchants, open_with, output, reverse, transactions};

/// The database of the demo, unless another is named.
const DATABASE: &str = "payme-demo.db";
/// The settlement whose people are paid.
const PAID: &str = "Google Android Cellular Data Settlement";
/// The moment at which the story takes place, unless another is named.
const NOW: &str = "2026-02-01T00:00:00Z";

/// How many results, and how many near misses, the story tells of a person.
const RESULTS_TOLD: usize = 3;

const SETTLEMENTS: &[u8] = include_bytes!("../../fixtures/settlements.json");
const PEOPLE: &str = include_str!("../../fixtures/people.json");

/// The bundled files that `people.json` names.
macro_rules! bundled {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_bytes!(concat!("../../fixtures/", $path)).as_slice())),*]
    };
}
const FILES: &[(&str, &[u8])] = bundled![
    "people/ada-fixture/card.json",
    "people/ada-fixture/message.json",
    "people/ada-fixture/transactions.json",
    "people/gabe-garbled/statement.csv",
    "people/mila-postbox/archive.mbox",
    "people/mila-postbox/messages.jsonl",
    "people/nemo-nowhere/custom-user.json",
    "people/remo-reversal/transactions.json",
    "people/rory-renewal/transactions.csv",
    "people/trip-wordwise/newsletter.eml",
    "people/trip-wordwise/transactions.csv",
    "people/wanda-receipt/renewal.eml",
];

#[derive(Deserialize)]
struct MadeUp {
    user_id: UserId,
    name: String,
    story: String,
    state: Option<State>,
    date_of_birth: Option<Date>,
    transactions: Vec<String>,
    messages: Vec<String>,
}

/// What the story tells of one person.
#[derive(Serialize)]
struct Chapter {
    name: String,
    user_id: UserId,
    variant: Variant,
    /// What taking in the records did this time.
    records: EvidenceReport,
    /// Records that are stored.
    record_count: usize,
    /// Records that the bank took back.
    removed_count: usize,
    candidate_count: usize,
    best: Option<String>,
    best_score: Option<f64>,
    near_misses: Vec<String>,
    /// The settlements that were matched, the best first.
    #[serde(skip)]
    matched: Vec<SettlementId>,
}

/// A pair that the story explains.
#[derive(Clone, Serialize)]
struct Pair {
    user_id: UserId,
    settlement_id: SettlementId,
}

/// The first pair of each kind that the story comes across.
#[derive(Default, Serialize)]
struct Pairs {
    eligible: Option<Pair>,
    near_miss: Option<Pair>,
    /// Records of the person can settle it.
    unknown: Option<Pair>,
}

/// What the story tells of messy bank records.
#[derive(Serialize)]
struct Messy {
    user_id: UserId,
    resolved: Resolution,
    refused: Resolution,
    irregular: ToldStream,
}

/// The story, as it is told and as data.
struct Story {
    lines: Vec<String>,
    chapters: Vec<Chapter>,
    pairs: Pairs,
}

pub(crate) async fn run(global: &Global, _: &DemoArgs) -> Result<Finding, CliError> {
    let database = global.db.clone().unwrap_or_else(|| DATABASE.to_owned());
    let random = Arc::new(DemoRandom::default());
    let payme = open(global, &database, Arc::clone(&random)).await?;
    let mut story = Story { lines: Vec::new(), chapters: Vec::new(), pairs: Pairs::default() };

    let rows = parse_settlements(SETTLEMENTS).map_err(|refusal| bundled(&refusal))?;
    let settlements = rows.all().map_err(|refused| bundled(&refused.first()))?;
    let count = settlements.len();
    payme.import_settlements(settlements.clone()).await?;
    let now = payme.now();
    story.lines.push(format!("It is {now}. The catalogue has {count} settlements."));

    for person in people()? {
        let (records, removed) = take_in(payme, &person).await?;
        let shown = payme.shown(match_once(payme, person.user_id).await?).await?;
        story.pairs.find(&shown);
        let stored = payme.store().evidence(person.user_id).await?;
        let stored = stored.map(|stored| stored.records).unwrap_or_default();
        let live = stored.values().filter(|record| matches!(record, StoredRecord::Live(_))).count();
        story.tell(&person, records, (live, removed), &shown);
    }
    let messy = story.messy(payme).await?;
    for (question, pair) in [
        ("Why the first one?", story.pairs.eligible.clone()),
        ("What does the first near miss lack?", story.pairs.near_miss.clone()),
        ("What can be settled by asking?", story.pairs.unknown.clone()),
    ] {
        if let Some(pair) = pair {
            story.explain(question, &explain(payme, &pair).await?);
        }
    }
    let reversed = match story.pairs.unknown.clone() {
        Some(pair) => Some(story.reverse(payme, pair.settlement_id).await?),
        None => None,
    };
    let paid = story.pay(payme, &random, &settlements).await?;
    let learnt = story.learn(global, payme, &database).await?;
    story.twice(payme, settlements).await?;
    story.lines.push(format!(
        "All of it is in {database}: try  payme match --db {database} --now {} --user {}",
        payme.now(),
        story.chapters.first().map_or_else(String::new, |first| first.user_id.to_string())
    ));

    let data = json!({"database": database, "now": payme.now(), "settlements": count,
        "people": story.chapters, "messy": messy, "explained": story.pairs, "reverse": reversed,
        "payouts": paid, "learning": learnt});
    output::value(global, &data, || story.lines.join("\n\n"))?;
    Ok(Finding::Fine)
}

async fn open<'a>(
    global: &'a Global,
    database: &str,
    random: Arc<DemoRandom>,
) -> Result<&'a Payme, CliError> {
    let fixed = Instant::parse(NOW).map_err(|error| bundled(&error))?;
    let config = Config {
        database: database.to_owned(),
        clock: Arc::new(FixedClock(global.now.unwrap_or(fixed))),
        random,
        vault: Some(payouts::vault()?),
        ..Config::default()
    };
    open_with(global, config).await
}

/// A fault in what is bundled with the command: not the caller's.
fn bundled(what: &impl std::fmt::Debug) -> CliError {
    CliError::new("bundled_data", format!("the bundled data is damaged: {what:?}; reinstall payme"))
}

fn people() -> Result<Vec<MadeUp>, CliError> {
    serde_json::from_str(PEOPLE).map_err(|error| bundled(&error))
}

fn file(path: &str) -> Result<&'static [u8], CliError> {
    let found = FILES.iter().find(|(name, _)| *name == path);
    found.map(|(_, bytes)| *bytes).ok_or_else(|| bundled(&path))
}

/// Imports a person and their files; answers what that did, and how many of its own records the
/// bank takes back. The latter is counted in the files, so that a story told twice says the same.
async fn take_in(payme: &Payme, person: &MadeUp) -> Result<(EvidenceReport, usize), CliError> {
    let MadeUp { user_id, state, date_of_birth, .. } = *person;
    payme.set_person(Person { user_id, state, date_of_birth }).await?;
    let mut total = EvidenceReport::default();
    let (mut served, mut removed) = (BTreeMap::new(), 0);
    let bank = person.transactions.iter().map(|path| (path, Source::Plaid));
    let mail = person.messages.iter().map(|path| (path, Source::Gmail));
    for (path, source) in bank.chain(mail) {
        let read = match source {
            Source::Plaid => read_transactions(file(path)?, user_id),
            Source::Gmail => read_messages(file(path)?, user_id),
        };
        // Page by page, as a feed would serve them: a later page may take back what an earlier
        // one added.
        for page in read.map_err(|refusal| bundled(&refusal))?.pages {
            let plan = plan_pages(&served, [page.clone()]);
            removed += plan.removed.len();
            plan.apply(&mut served);
            let report = payme.import_records(user_id, source, vec![page]).await?;
            total.added += report.added;
            total.changed += report.changed;
            total.removed += report.removed;
            total.unchanged += report.unchanged;
            total.features_written += report.features_written;
            total.features_gone += report.features_gone;
        }
    }
    Ok((total, removed))
}

fn options() -> MatchOptions {
    MatchOptions { near_misses: true, ..MatchOptions::default() }
}

/// Matches a person, unless the demo has stored a run of this moment before.
async fn match_once(payme: &Payme, user: UserId) -> Result<UserMatch, CliError> {
    let newest = payme.store().newest_run(user).await?;
    match newest.filter(|run| run.started == payme.now()) {
        Some(run) => Ok(payme.near_misses_of(run, &options()).await?),
        None => Ok(payme.match_stored_user(user, &options()).await?),
    }
}

async fn explain(payme: &Payme, pair: &Pair) -> Result<RecordedExplanation, CliError> {
    Ok(payme.explain_stored(pair.user_id, pair.settlement_id, &options()).await?)
}

/// What the bank wrote where nobody named the merchant, each text once, the newest first.
fn descriptors(entries: &[LedgerEntry]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let texts = entries.iter().map(LedgerEntry::description);
    texts.filter(|text| seen.insert(*text)).map(str::to_owned).collect()
}

impl Pairs {
    /// Looks for the kinds that were not come across yet.
    fn find(&mut self, shown: &ShownMatch) {
        let UserMatch { run, near_misses } = &shown.matched;
        let near = near_misses.as_deref().unwrap_or_default();
        let pair = |result: &MatchResult| Pair {
            user_id: run.user_id,
            settlement_id: result.settlement_id,
        };
        let of_truth = |result: &&MatchResult, truth| result.reasons.truth == Some(truth);
        let wants_records = |result: &&MatchResult| {
            let mut missing = result.missing.iter();
            of_truth(result, Truth::Unknown)
                && missing.any(|one| matches!(one, Missing::Evidence(_)))
        };
        let not_met = |result: &&MatchResult| of_truth(result, Truth::NotMet);
        self.eligible = self.eligible.take().or_else(|| run.results.first().map(pair));
        self.near_miss = self.near_miss.take().or_else(|| near.iter().find(not_met).map(pair));
        self.unknown = self.unknown.take().or_else(|| near.iter().find(wants_records).map(pair));
    }
}

impl Story {
    fn tell(
        &mut self,
        person: &MadeUp,
        records: EvidenceReport,
        (record_count, removed_count): (usize, usize),
        shown: &ShownMatch,
    ) {
        let run = &shown.matched.run;
        let best = run.results.first().map(|best| (best.settlement_id, best.score));
        let state = person.state.map_or("state unknown", State::code);
        let removed = match removed_count {
            0 => String::new(),
            n => format!(", {n} taken back by the bank"),
        };
        let records_told = match record_count {
            0 => "no records at all".to_owned(),
            1 => format!("1 record{removed}"),
            n => format!("{n} records{removed}"),
        };
        let head = format!("{} ({state}), {records_told}. {}", person.name, person.story);
        self.lines.push(format!("{head}\n{}", table_of(shown, RESULTS_TOLD)));
        let near = shown.matched.near_misses.as_deref().unwrap_or_default();
        let title = |id| shown.title(id).to_owned();
        self.chapters.push(Chapter {
            name: person.name.clone(),
            user_id: person.user_id,
            variant: run.variant,
            records,
            record_count,
            removed_count,
            candidate_count: run.candidate_count,
            best: best.map(|(id, _)| title(id)),
            best_score: best.map(|(_, score)| score),
            near_misses: near.iter().map(|near| title(near.settlement_id)).collect(),
            matched: run.results.iter().map(|result| result.settlement_id).collect(),
        });
    }

    /// Says how garbled descriptors were read, and which charges come again: of the first person
    /// who has both.
    async fn messy(&mut self, payme: &Payme) -> Result<Option<Messy>, CliError> {
        for user in self.chapters.iter().map(|chapter| chapter.user_id) {
            let streams = payme.recurring(user).await?;
            let irregular = streams.into_iter().find(|stream| !stream.missed.is_empty());
            let descriptors = descriptors(&payme.ledger(user).await?);
            let read = payme.resolve(&descriptors).await?;
            let first = |wanted: bool| {
                let found = descriptors.iter().zip(&read);
                let garbled = |one: &Resolution| {
                    one.resolved().is_none_or(|resolved| resolved.tier != Tier::Exact)
                };
                let mut found = found.filter(|(_, one)| garbled(one));
                found.find(|(_, one)| one.resolved().is_some() == wanted)
            };
            if let (Some(irregular), Some(resolved), Some(refused)) =
                (irregular, first(true), first(false))
            {
                let told = [resolved, refused]
                    .map(|(text, found)| format!("{text}\n{}", merchants::sentences(found)));
                let streams = transactions::recurring_table(std::slice::from_ref(&irregular));
                self.lines.push(format!("Which merchant is that?\n{}", told.join("\n")));
                self.lines.push(format!("What comes again?\n{streams}"));
                let [resolved, refused] = [resolved, refused].map(|(_, found)| found.clone());
                return Ok(Some(Messy { user_id: user, resolved, refused, irregular }));
            }
        }
        Ok(None)
    }

    fn explain(&mut self, question: &str, answer: &RecordedExplanation) {
        self.lines.push(format!("{question}\n{}", sentences(answer)));
    }

    /// Says who of everybody qualifies for a settlement.
    async fn reverse(
        &mut self,
        payme: &Payme,
        settlement_id: SettlementId,
    ) -> Result<Qualified, CliError> {
        let options = options();
        let found = payme.reverse_stored(settlement_id, &options, |_| {}).await?;
        let told = reverse::table(&found, &options);
        self.lines.push(format!("The other way round: who qualifies?\n{told}"));
        Ok(found)
    }

    /// Pays the people whom a settlement is for, as far as they matched it.
    async fn pay(
        &mut self,
        payme: &Payme,
        random: &DemoRandom,
        settlements: &[Settlement],
    ) -> Result<Option<Paid>, CliError> {
        let Some(settlement) = settlements.iter().find(|one| one.title == PAID) else {
            return Ok(None);
        };
        let matched = self.chapters.iter().filter(|one| one.matched.contains(&settlement.id));
        let people: Vec<UserId> = matched.map(|one| one.user_id).collect();
        let names = self.chapters.iter().map(|one| (one.user_id, one.name.clone())).collect();
        let title = settlement.title.clone();
        let chapter =
            payouts::Chapter { payme, random, names, settlement_id: settlement.id, title };
        let (told, paid) = chapter.tell(&people).await?;
        self.lines.push(told);
        Ok(Some(paid))
    }

    /// Trains a ranker on what came of it.
    async fn learn(
        &mut self,
        global: &Global,
        payme: &Payme,
        database: &str,
    ) -> Result<Option<learning::Learnt>, CliError> {
        let told = learning::tell(global, payme, database).await?;
        Ok(told.map(|(told, learnt)| {
            self.lines.push(told);
            learnt
        }))
    }

    /// Imports everything again and says what changed.
    async fn twice(&mut self, payme: &Payme, settlements: Vec<Settlement>) -> Result<(), CliError> {
        let report = payme.import_settlements(settlements).await?;
        let mut changes = report.added + report.changed;
        for person in people()? {
            let (records, _) = take_in(payme, &person).await?;
            changes += records.added + records.changed + records.removed;
        }
        self.lines.push(format!("Importing all of it a second time changed {changes} rows."));
        Ok(())
    }
}

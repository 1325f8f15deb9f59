//! Embeds the engine: a database, settlements, one person's bank file, and their matches.
//!
//! `cargo run --example embed`

use payme::catalog::parse_settlements;
use payme::driver::MatchOptions;
use payme::files::read_transactions;
use payme::types::{Person, Source, UserId};
use payme::{Config, Payme};

const SETTLEMENTS: &[u8] = include_bytes!("../fixtures/settlements.json");
const BANK: &[u8] = include_bytes!("../fixtures/people/ada-fixture/transactions.json");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let config = Config { database: "sqlite::memory:".to_owned(), ..Config::default() };
    let payme = Payme::open(config).await?;

    let settlements = parse_settlements(SETTLEMENTS)?;
    let report = payme.import_settlements(settlements.taken).await?;
    println!("{} settlements", report.added);

    let user_id: UserId = "00000000-0000-4000-8000-000000000001".parse()?;
    let state = Some("CA".parse()?);
    payme.set_person(Person { user_id, state, date_of_birth: None }).await?;
    let bank = read_transactions(BANK, user_id)?;
    let report = payme.import_records(user_id, Source::Plaid, bank.pages).await?;
    println!("{} transactions, {} features", report.added, report.features_written);

    // The bundled deadlines pass one by one, so closed settlements are asked for, too.
    let options = MatchOptions { include_closed: true, ..MatchOptions::default() };
    for result in payme.match_stored_user(user_id, &options).await?.run.results {
        let settlement = payme.store().settlement(result.settlement_id).await?;
        let title = settlement.map(|settlement| settlement.title).unwrap_or_default();
        println!("{:.2}  {title}", result.score);
    }
    Ok(())
}

//! The command: one file per subcommand.

mod args;
mod attorney;
mod audit;
mod claim;
mod demo;
mod empty;
mod error;
mod experiment;
mod explain;
mod gateway;
mod import;
mod input;
mod items;
mod learn;
mod manual;
mod matching;
mod merchants;
mod out;
mod output;
mod payout;
mod prefs;
mod progress;
mod results;
mod reverse;
mod simulate;
mod tracker;
mod transactions;
mod user;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use clap::error::ErrorKind;
use payme::ports::Clock;
use payme::system::{FixedClock, SystemClock};
use payme::{Config, DATABASE_DEFAULT, Payme};

use args::{Cli, Command, Format, Global, LogFormat};
use error::CliError;

/// What a command that did its work found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// Everything was in order.
    Fine,
    /// Some of the input was refused and listed, or a check failed.
    Refused,
}

/// Runs the command; the exit code is 0 for success, 1 when the work found something wrong, 2 for
/// usage and bad input.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &arguments),
    };
    start_log(&cli.global);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return CliError::runtime(&error).report(&cli.global),
    };
    let done = runtime.block_on(async {
        let done = dispatch(&cli).await;
        if let Some(payme) = cli.global.engine.get() {
            payme.close().await;
        }
        done
    });
    match done {
        Ok(Finding::Fine) => ExitCode::SUCCESS,
        Ok(Finding::Refused) => ExitCode::from(1),
        Err(error) => error.report(&cli.global),
    }
}

/// Tells of help that was asked for, or of arguments that are wrong; as JSON if that was asked for.
fn usage(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let wants_json = words.iter().any(|word| matches!(*word, "--format=json" | "--format=jsonl"))
        || words.windows(2).any(|pair| matches!(pair, ["--format", "json" | "jsonl"]));
    if error.use_stderr() && wants_json {
        let text = error.to_string();
        // What is wrong, on one line: behind it clap repeats the usage and points to the help.
        let what = ["\n\nUsage:", "\n\nFor more information"]
            .into_iter()
            .fold(text.as_str(), |what, end| what.split(end).next().unwrap_or_default());
        let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
        let message = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a subcommand is missing",
            _ => what.trim_start_matches("error: "),
        };
        let line = serde_json::json!({"code": "usage", "message": message, "details": {}});
        eprintln!("{line}");
    } else {
        // A closed pipe leaves nobody to tell.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

async fn dispatch(cli: &Cli) -> Result<Finding, CliError> {
    let global = &cli.global;
    if global.format == Format::Csv && !cli.command.is_export() {
        let message = "--format csv is for `transactions export` and `audit export`";
        return Err(CliError::new("usage", message));
    }
    match &cli.command {
        Command::Demo(args) => demo::run(global, args).await,
        Command::Import(args) => import::run(global, args).await,
        Command::Transactions(args) => transactions::run(global, args).await,
        Command::Merchants(args) => merchants::run(global, args).await,
        Command::Match(args) => matching::run(global, args).await,
        Command::Reverse(args) => reverse::run(global, args).await,
        Command::Explain(args) => explain::run(global, args).await,
        Command::Experiment(args) => experiment::run(global, args).await,
        Command::Prefs(args) => prefs::run(global, args).await,
        Command::User(args) => user::run(global, args).await,
        Command::Claim(args) => claim::run(global, args).await,
        Command::Attorney(args) => attorney::run(global, args).await,
        Command::Payout(args) => payout::run(global, args).await,
        Command::Audit(args) => audit::run(global, args).await,
        Command::Learn(args) => learn::run(global, args).await,
        Command::Simulate(args) => simulate::run(global, args),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
    }
}

/// Opens the database that the global options name.
async fn open(global: &Global) -> Result<&Payme, CliError> {
    open_with(global, config(global)).await
}

/// An engine as the global options describe it.
fn config(global: &Global) -> Config {
    let database = global.db.clone().unwrap_or_else(|| DATABASE_DEFAULT.to_owned());
    Config { clock: clock(global), database, ..Config::default() }
}

/// Opens an engine, which is closed when the command is over.
async fn open_with(global: &Global, config: Config) -> Result<&Payme, CliError> {
    let database = config.database.clone();
    let payme = Payme::open(config).await.map_err(|error| CliError::open(&error, &database))?;
    Ok(global.engine.get_or_init(|| payme))
}

fn clock(global: &Global) -> Arc<dyn Clock> {
    match global.now {
        Some(now) => Arc::new(FixedClock(now)),
        None => Arc::new(SystemClock),
    }
}

/// Log lines go to stderr; `PAYME_LOG` chooses which, in the form of tracing's filters.
fn start_log(global: &Global) {
    let default = if global.quiet { "error" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_env("PAYME_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Started twice in one process only by a test; the first one stays.
    let _ = match global.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}

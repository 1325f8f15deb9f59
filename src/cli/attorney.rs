//! `payme attorney`: who pays claimants, from which accounts, and what they ask.

use payme::claims::Question;
use payme::driver::NewAccount;
use payme::payouts::{Attorney, AttorneyProfile, AttorneyStatus, Registration};
use payme::types::{AttorneyId, Instant, Money, SettlementId, UserId};
use payme::{Payme, RailChoice};
use serde::Serialize;
use serde_json::json;

use super::args::{
    ActingArgs, AttorneyArgs, AttorneyWhat, Global, LinkArgs, QuestionsArgs, QuestionsWhat,
};
use super::error::CliError;
use super::gateway::{Acting, acting, positive, secret};
use super::{Finding, gateway, input, items, open, output};

/// What a new account holds on the mock rail, in minor units.
const OPENING_MINOR: i64 = 10_000_000;

/// An attorney as it is shown: of the key only whether there is one.
#[derive(Serialize)]
struct Shown {
    attorney_id: AttorneyId,
    user_id: UserId,
    name: String,
    email: String,
    firm_name: String,
    status: AttorneyStatus,
    has_key: bool,
    registered_at: Instant,
}

impl From<Attorney> for Shown {
    fn from(attorney: Attorney) -> Self {
        let AttorneyProfile { name, email, firm_name } = attorney.profile;
        Self {
            attorney_id: attorney.id,
            user_id: attorney.user_id,
            name,
            email,
            firm_name,
            status: attorney.status,
            has_key: attorney.key.is_some(),
            registered_at: attorney.registered_at,
        }
    }
}

pub(crate) async fn run(global: &Global, args: &AttorneyArgs) -> Result<Finding, CliError> {
    match &args.what {
        AttorneyWhat::Register { user, name, email, firm } => {
            let [name, email, firm_name] = [name, email, firm].map(Clone::clone);
            let profile = AttorneyProfile { name, email, firm_name };
            let done = open(global).await?.gateway().register(*user, profile).await?;
            let (is_new, attorney) = match done {
                Registration::New(attorney) => (true, attorney),
                Registration::Stood(attorney) => (false, attorney),
            };
            let told = json!({"attorney_id": attorney.id, "new": is_new});
            output::value(global, &told, || {
                format!("{} {}", if is_new { "registered" } else { "stood" }, attorney.id)
            })?;
        }
        AttorneyWhat::List { limit, after } => {
            let payme = open(global).await?;
            let found = payme.gateway().attorneys(*after, *limit).await?;
            let shown: Vec<Shown> = found.into_iter().map(Shown::from).collect();
            output::list(global, &shown, || table(&shown))?;
        }
        AttorneyWhat::Show(one) => {
            let attorney = open(global).await?.gateway().attorney(one.id).await?;
            show(global, attorney)?;
        }
        AttorneyWhat::Suspend(one) => {
            set_status(global, one.id, AttorneyStatus::Suspended).await?;
        }
        AttorneyWhat::Activate(one) => set_status(global, one.id, AttorneyStatus::Active).await?,
        AttorneyWhat::Key(one) => key(global, one.id).await?,
        AttorneyWhat::Link(args) => link(global, args).await?,
        AttorneyWhat::Close { acting, settlement } => {
            close(global, acting, *settlement).await?;
        }
        AttorneyWhat::Questions(args) => questions(global, args).await?,
        AttorneyWhat::Reseal { vault } => {
            let done = gateway::open(global, vault).await?.gateway().reseal_all().await?;
            let told = json!({"resealed": done.resealed, "unchanged": done.unchanged});
            output::value(global, &told, || {
                format!("{} sealed anew, {} were", done.resealed, done.unchanged)
            })?;
        }
    }
    Ok(Finding::Fine)
}

fn show(global: &Global, attorney: Attorney) -> Result<(), CliError> {
    let shown = [Shown::from(attorney)];
    output::value(global, &shown[0], || table(&shown))
}

async fn set_status(
    global: &Global,
    id: AttorneyId,
    status: AttorneyStatus,
) -> Result<(), CliError> {
    show(global, open(global).await?.gateway().set_status(id, status).await?)
}

/// Prints a new key: the only time that it is seen.
async fn key(global: &Global, id: AttorneyId) -> Result<(), CliError> {
    let key = open(global).await?.gateway().issue_key(id).await?;
    let told = json!({"attorney_id": id, "api_key": key.reveal()});
    output::value(global, &told, || key.reveal().to_owned())?;
    if !global.quiet {
        eprintln!("note: this key is shown once and not kept: store it where secrets are stored");
    }
    Ok(())
}

async fn link(global: &Global, args: &LinkArgs) -> Result<(), CliError> {
    let opening = match &args.opening {
        Some(text) => opening(text, args)?,
        None => Some(Money::new(OPENING_MINOR, args.currency)),
    };
    let is_mock = matches!(gateway::rail()?, RailChoice::Mock);
    if !is_mock && args.opening.is_some() {
        let message = "--opening: money is made up on the mock rail only: put real money in with \
                       `payme payout fund`";
        return Err(CliError::new("usage", message));
    }
    let account_ref = secret(&args.account_ref_file)?;
    let Acting { payme, attorney } = acting(global, &args.acting).await?;
    let account = NewAccount {
        settlement: args.settlement,
        currency: args.currency,
        bank_name: args.bank_name.clone(),
        account_ref,
        opening: opening.filter(|_| is_mock),
    };
    let account_id = payme.gateway().link(attorney, account).await?;
    let told = json!({"account_id": account_id, "settlement_id": args.settlement});
    output::value(global, &told, || format!("linked {account_id}"))
}

/// What a new account holds: nothing for zero.
fn opening(text: &str, args: &LinkArgs) -> Result<Option<Money>, CliError> {
    match Money::parse_plain(text, args.currency) {
        Ok(money) if money.minor() == 0 => Ok(None),
        _ => positive(text, args.currency)
            .map(Some)
            .map_err(|(code, what)| CliError::new(code, format!("--opening: {what}"))),
    }
}

async fn close(
    global: &Global,
    args: &ActingArgs,
    settlement: SettlementId,
) -> Result<(), CliError> {
    let Acting { payme, attorney } = acting(global, args).await?;
    payme.gateway().close(attorney, settlement).await?;
    let told = json!({"settlement_id": settlement, "status": "closed"});
    output::value(global, &told, || "closed".to_owned())
}

async fn questions(global: &Global, args: &QuestionsArgs) -> Result<(), CliError> {
    match &args.what {
        QuestionsWhat::Set { acting: args, settlement, file } => {
            let rows = items::parse_questions(&input::bytes(file)?, *settlement)
                .map_err(|refusal| CliError::refused_file(file, &refusal))?;
            let questions = rows.all().map_err(|refused| CliError::wrong_rows(file, &refused))?;
            let count = questions.len();
            let Acting { payme, attorney } = acting(global, args).await?;
            payme.gateway().set_questions(attorney, *settlement, questions).await?;
            let told = json!({"settlement_id": settlement, "questions": count});
            output::value(global, &told, || format!("{count} questions"))
        }
        QuestionsWhat::List { settlement } => {
            list_questions(global, open(global).await?, *settlement).await
        }
    }
}

/// Lists what a settlement asks, in the order in which it asks.
pub(crate) async fn list_questions(
    global: &Global,
    payme: &Payme,
    settlement: SettlementId,
) -> Result<(), CliError> {
    let questions = payme.gateway().questions(settlement).await?;
    output::list(global, &questions, || {
        let rows = questions.iter().map(|question: &Question| {
            vec![
                question.prompt.replace('\n', " "),
                question.kind.to_string(),
                question.options.join(", "),
                if question.required { "required" } else { "" }.to_owned(),
                question.id.to_string(),
            ]
        });
        output::table(&["question", "kind", "options", "", "id"], rows)
    })
}

fn table(shown: &[Shown]) -> String {
    let rows = shown.iter().map(|one| {
        vec![
            one.attorney_id.to_string(),
            one.name.clone(),
            one.firm_name.clone(),
            one.email.clone(),
            one.status.to_string(),
            if one.has_key { "has a key" } else { "" }.to_owned(),
        ]
    });
    output::table(&["attorney", "name", "firm", "email", "status", ""], rows)
}

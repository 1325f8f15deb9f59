//! `payme claim` and `payme user destination`: where a person stands, and where their money goes.

use payme::claims::{Claim, Filing, SelfReport};
use payme::types::{Instant, SettlementId, UserId};
use serde::Serialize;
use serde_json::json;

use super::args::{ClaimArgs, ClaimWhat, DestinationArgs, DestinationWhat, Global, Outcome};
use super::attorney::list_questions;
use super::error::CliError;
use super::{Finding, gateway, input, items, open, output};

/// A claim as it is shown.
#[derive(Serialize)]
struct Shown {
    user_id: UserId,
    settlement_id: SettlementId,
    state: payme::claims::ClaimState,
    moved_at: Instant,
}

impl From<Claim> for Shown {
    fn from(claim: Claim) -> Self {
        let Claim { user_id, settlement_id, state, moved_at, .. } = claim;
        Self { user_id, settlement_id, state, moved_at }
    }
}

pub(crate) async fn run(global: &Global, args: &ClaimArgs) -> Result<Finding, CliError> {
    match &args.what {
        ClaimWhat::Open(pair) => {
            let payme = open(global).await?;
            show(global, payme.gateway().open_claim(pair.user, pair.settlement).await?)?;
        }
        ClaimWhat::Submit { pair, answers, evidence } => {
            let answers = match answers {
                None => Vec::new(),
                Some(file) => items::parse_answers(&input::bytes(file)?)
                    .map_err(|refusal| CliError::refused_file(file, &refusal))?,
            };
            let filing = Filing { answers, evidence: evidence.clone() };
            let payme = open(global).await?;
            show(global, payme.gateway().submit_claim(pair.user, pair.settlement, filing).await?)?;
        }
        ClaimWhat::Report { pair, outcome } => {
            let report = match outcome {
                Outcome::Paid => SelfReport::Paid,
                Outcome::Unpaid => SelfReport::Unpaid,
            };
            let payme = open(global).await?;
            show(global, payme.gateway().report_claim(pair.user, pair.settlement, report).await?)?;
        }
        ClaimWhat::Show(pair) => {
            let payme = open(global).await?;
            match payme.gateway().claim(pair.user, pair.settlement).await? {
                Some(claim) => show(global, claim)?,
                None => {
                    let message = "this person has no claim for this settlement: open one first";
                    return Err(CliError::new("unknown_claim", message));
                }
            }
        }
        ClaimWhat::List { user } => {
            let payme = open(global).await?;
            let claims = payme.gateway().claims(*user).await?;
            let shown: Vec<Shown> = claims.into_iter().map(Shown::from).collect();
            output::list(global, &shown, || table(&shown))?;
        }
        ClaimWhat::Questions { settlement } => {
            list_questions(global, open(global).await?, *settlement).await?;
        }
    }
    Ok(Finding::Fine)
}

fn show(global: &Global, claim: Claim) -> Result<(), CliError> {
    let shown = Shown::from(claim);
    output::value(global, &shown, || shown.state.to_string())
}

fn table(shown: &[Shown]) -> String {
    let rows = shown.iter().map(|one| {
        vec![one.settlement_id.to_string(), one.state.to_string(), one.moved_at.to_string()]
    });
    output::table(&["settlement", "claim", "since"], rows)
}

/// Where the money of a person goes.
pub(crate) async fn destination(global: &Global, args: &DestinationArgs) -> Result<(), CliError> {
    match &args.what {
        DestinationWhat::Link { user, file, vault } => {
            let new = items::parse_destination(&gateway::bytes(file)?)
                .map_err(|refusal| CliError::refused_file(file, &refusal))?;
            let provider = new.provider;
            let payme = gateway::open(global, vault).await?;
            payme.gateway().link_destination(*user, new).await?;
            let told = json!({"user_id": user, "provider": provider, "status": "active"});
            output::value(global, &told, || format!("linked over {provider}"))
        }
        DestinationWhat::Revoke { user } => {
            let payme = open(global).await?;
            let was_active = payme.gateway().revoke_destination(*user).await?;
            let told = json!({"user_id": user, "revoked": was_active});
            output::value(global, &told, || {
                if was_active { "revoked" } else { "there was none" }.to_owned()
            })
        }
        DestinationWhat::Show { user } => {
            let found = open(global).await?.gateway().destination_of(*user).await?;
            let told = found.as_ref().map(|one| {
                json!({"user_id": user, "provider": one.provider, "status": one.status,
                    "linked_at": one.linked_at})
            });
            output::value(global, &told, || match &found {
                Some(one) => {
                    format!("{} over {}, since {}", one.status, one.provider, one.linked_at)
                }
                None => "no destination".to_owned(),
            })
        }
    }
}

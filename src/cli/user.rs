//! `payme user`: what is known of a person beside the evidence.

use payme::evidence::UserFeature;
use payme::types::{Person, UserId};
use serde_json::{Map, Value, json};

use super::args::{Global, UserArgs, UserWhat};
use super::error::CliError;
use super::{Finding, claim, open, output};

pub(crate) async fn run(global: &Global, args: &UserArgs) -> Result<Finding, CliError> {
    match &args.what {
        UserWhat::Set { user, state, no_state, date_of_birth } => {
            let payme = open(global).await?;
            let told = |known: Person| Person {
                state: if *no_state { None } else { state.or(known.state) },
                date_of_birth: date_of_birth.or(known.date_of_birth),
                ..known
            };
            let changed = payme.change_person(*user, told).await?;
            let answer = json!({"user_id": user, "changed": changed});
            output::value(global, &answer, || {
                if changed { "stored".to_owned() } else { "unchanged".to_owned() }
            })?;
        }
        UserWhat::Show { user } => show(global, *user).await?,
        UserWhat::Destination(args) => claim::destination(global, args).await?,
    }
    Ok(Finding::Fine)
}

async fn show(global: &Global, user: UserId) -> Result<(), CliError> {
    let payme = open(global).await?;
    let stored = payme.store().user_features(user).await?;
    let stored = stored.ok_or(payme::driver::DriverError::UnknownUser(user))?;
    let (person, features) = stored.into_parts();
    let mut out = Map::new();
    out.insert("user_id".to_owned(), json!(person.user_id));
    if let Some(state) = person.state {
        out.insert("state".to_owned(), json!(state));
    }
    if let Some(date) = person.date_of_birth {
        out.insert("date_of_birth".to_owned(), json!(date));
    }
    let list: Vec<Value> = features.iter().map(UserFeature::to_json).collect();
    out.insert("features".to_owned(), json!(list));
    output::value(global, &out, || table(&features))
}

fn table(features: &[UserFeature]) -> String {
    let day = |date: Option<payme::types::Date>| date.map_or(String::new(), |d| d.to_string());
    let rows = features.iter().map(|feature| {
        vec![
            feature.key.to_string(),
            feature.source.as_str().to_owned(),
            feature.count.to_string(),
            format!("{:.2}", feature.confidence.get()),
            day(feature.first_seen),
            day(feature.last_seen),
        ]
    });
    let header = ["feature", "source", "count", "confidence", "first seen", "last seen"];
    output::table(&header, rows)
}

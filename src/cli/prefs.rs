//! `payme prefs`: what a person stars and pins.

use payme::ranking::{Preference, display_order};
use payme::types::{SettlementId, UserId};
use serde_json::{Value, json};

use super::args::{Global, PairArgs, PrefsArgs, PrefsWhat};
use super::error::CliError;
use super::{Finding, open, output};

pub(crate) async fn run(global: &Global, args: &PrefsArgs) -> Result<Finding, CliError> {
    match &args.what {
        PrefsWhat::Star(pair) => set(global, pair, |said| said.star(true)).await,
        PrefsWhat::Unstar(pair) => set(global, pair, |said| said.star(false)).await,
        PrefsWhat::Pin { pair, order } => set(global, pair, |said| said.pin(*order)).await,
        PrefsWhat::Unpin(pair) => set(global, pair, Preference::unpin).await,
        PrefsWhat::List { user } => list(global, *user).await,
    }
}

async fn set(
    global: &Global,
    pair: &PairArgs,
    change: impl Fn(Preference) -> Preference,
) -> Result<Finding, CliError> {
    let payme = open(global).await?;
    let said = payme.set_preference(pair.user, pair.settlement, change).await?;
    output::value(global, &preference_json(&said, None), || words(&said))?;
    Ok(Finding::Fine)
}

async fn list(global: &Global, user: UserId) -> Result<Finding, CliError> {
    let payme = open(global).await?;
    let mut said = payme.store().preferences(user).await?;
    said.retain(|said| said.starred || said.pinned);
    let newest = payme.store().newest_run(user).await?;
    let score = |id: SettlementId| {
        let results = newest.iter().flat_map(|run| &run.results);
        results.clone().find(|result| result.settlement_id == id).map_or(0.0, |r| r.score)
    };
    let all = said.clone();
    let find = |id| all.iter().find(|said| said.settlement_id == id).copied();
    display_order(&mut said, |said| said.settlement_id, |said| score(said.settlement_id), find);
    let mut rows = Vec::new();
    for said in said {
        let settlement = payme.store().settlement(said.settlement_id).await?;
        let title = settlement.map(|settlement| settlement.title).unwrap_or_default();
        rows.push((said, title));
    }
    let answer: Vec<Value> =
        rows.iter().map(|(said, title)| preference_json(said, Some(title))).collect();
    output::list(global, &answer, || {
        let rows = rows
            .iter()
            .map(|(said, title)| vec![words(said), title.clone(), said.settlement_id.to_string()]);
        output::table(&["preference", "settlement", "id"], rows)
    })?;
    Ok(Finding::Fine)
}

fn preference_json(said: &Preference, title: Option<&String>) -> Value {
    let mut out = json!({
        "user_id": said.user_id,
        "settlement_id": said.settlement_id,
        "starred": said.starred,
        "pinned": said.pinned,
        "pinned_order": said.pinned_order,
    });
    if let (Some(title), Value::Object(out)) = (title, &mut out) {
        out.insert("title".to_owned(), json!(title));
    }
    out
}

fn words(said: &Preference) -> String {
    let pinned = match (said.pinned, said.pinned_order) {
        (true, Some(order)) => Some(format!("pinned at {order}")),
        (true, None) => Some("pinned".to_owned()),
        (false, _) => None,
    };
    let starred = said.starred.then(|| "starred".to_owned());
    let words: Vec<_> = pinned.into_iter().chain(starred).collect();
    if words.is_empty() { "neither starred nor pinned".to_owned() } else { words.join(", ") }
}

//! Matches without a database: a compiled catalogue and one person's features, nothing stored.
//!
//! `cargo run --example stateless`

use payme::catalog::{CatalogIndex, parse_settlements};
use payme::evidence::parse_features;
use payme::matching::{MatchScope, Variant};
use payme::ranking::{MatchRequest, Weights, match_many};
use payme::types::Instant;

const SETTLEMENTS: &[u8] = include_bytes!("../fixtures/settlements.json");
const FEATURES: &str = r#"[{"key": "merchant:kaiser", "source": "gmail", "confidence": 0.75}]"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let index = CatalogIndex::new(parse_settlements(SETTLEMENTS)?.taken);
    let line = |number: u8, state: &str| {
        format!(
            r#"{{"user_id": "00000000-0000-4000-8000-00000000000{number}", "state": {state},
                "features": {FEATURES}}}"#
        )
        .replace('\n', " ")
    };
    let lines = [line(1, r#""FL""#), line(2, "null")].join("\n");
    let people = parse_features(lines.as_bytes())?.taken;
    let request = MatchRequest {
        variant: Variant::RulesVectorRanker,
        weights: Weights::default(),
        scope: MatchScope { now: Instant::parse("2026-02-01T00:00:00Z")?, include_closed: false },
        top_n: 5,
        near_misses: true,
    };
    for outcome in match_many(&index, &people, &request) {
        println!("{}: eligible for {}", outcome.user_id, outcome.candidate_count);
        for near in outcome.near_misses.unwrap_or_default() {
            let missing: Vec<_> = near.missing.iter().map(|missing| missing.word()).collect();
            println!("  not for {}: {}", near.settlement_id, missing.join(", "));
        }
    }
    Ok(())
}

//! `payme learn`: from what people saw to weights in force, and what is refused on the way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails should say where")]

mod support;

use serde_json::{Value, json};
use support::{NOW, Place, Ran};

/// Rows of an export: so many people with ten results each, of which the easy ones are paid.
fn samples(people: u32) -> String {
    let mut state = 1_u64;
    let mut chance = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 40).unwrap()) / f64::from(1 << 24)
    };
    let mut rows = Vec::new();
    for user in 0..people {
        for settlement in 0..10 {
            let (rules, ease) = (chance(), chance());
            let is_paid = chance() < 1.0 / (1.0 + (2.0 - 5.0 * ease).exp());
            rows.push(json!({
                "user_id": format!("00000000-0000-4000-8000-{user:012}"),
                "settlement_id": format!("00000000-0000-4000-9000-{settlement:012}"),
                "run_id": format!("00000000-0000-4000-a000-{user:012}"),
                "at": format!("2026-01-{:02}T00:00:00Z", 1 + user % 28), "variant": "rules_vector_ranker",
                "position": settlement + 1, "propensity": 1.0 / 3.0,
                "rules_confidence": rules, "similarity": 0.5, "ease": ease,
                "label": u8::from(is_paid), "outcome": if is_paid { "paid_out" } else { "not_paid_out" },
            }));
        }
    }
    Value::Array(rows).to_string()
}

fn precision(metrics: &Value) -> f64 {
    metrics["precision_at_5"].as_f64().unwrap()
}

#[test]
fn a_ranker_is_trained_put_in_force_told_of_and_taken_back() {
    let place = Place::new();
    let rows = place.write("samples.json", samples(300));
    let train = |more: &[&str]| {
        let arguments = [&["learn", "train", "--samples", &rows][..], more].concat();
        place.run(&arguments).ok().json()
    };
    let first = train(&[]);
    assert_eq!((&first["promoted"], &first["weights_version"]), (&json!(true), &json!(1)));
    assert!(precision(&first["new_metrics"]) > precision(&first["previous_metrics"]) + 0.1);
    assert_eq!(first["previous_metrics"]["weights_version"], 0);
    assert!(!place.database().exists(), "samples of a file need no database");

    // The same again is equal, and equal is not better.
    for policy in ["strict", "guarded"] {
        let again = train(&["--policy", policy]);
        assert_eq!(again["promoted"], false);
        assert_eq!(again["previous_metrics"]["weights_version"], 1);
        assert_eq!(again["new_metrics"]["brier"], again["previous_metrics"]["brier"]);
    }
    let refused = place.run(&["learn", "promote", "3", "--samples", &rows]);
    assert_eq!((refused.code, &refused.json()["promoted"]), (Some(1), &json!(false)));

    // Version 4 is worse; going back to it is not judged, and the others beat it.
    let worse = train(&["--signals", "baseline", "--l2", "100000", "--calibration", "none"]);
    assert_eq!((&worse["promoted"], &worse["weights_version"]), (&json!(false), &json!(4)));
    let back = place.run(&["learn", "promote", "4", "--roll-back"]).ok().json();
    assert_eq!(back["weights_version"], 4);
    let judged = place.run(&["learn", "evaluate", "1", "--samples", &rows]).ok().json();
    assert!(judged["would_be_promoted"].is_boolean() && judged.get("promoted").is_none());
    assert_eq!(judged["previous_metrics"]["weights_version"], 4);
    assert_eq!(judged["new_metrics"]["precision_at_5"], first["new_metrics"]["precision_at_5"]);
    let by_time =
        train(&["--holdout", "time", "--calibration", "isotonic", "--not-negative", "--balanced"]);
    assert_eq!(by_time["new_metrics"]["training"]["holdout"]["by"], "time");

    // The rows say that everybody got one variant, by a chance of a third.
    let variants = place.run(&["learn", "evaluate", "--variants", "--samples", &rows]).ok().json();
    let by_name = |name: &str| {
        let all = variants["variants"].as_array().unwrap();
        all.iter().find(|one| one["variant"] == name).unwrap().clone()
    };
    let ranker = by_name("rules_vector_ranker");
    assert_eq!((&ranker["people"], &variants["left_out"]), (&json!(300), &json!(0)));
    assert!((0.4..0.7).contains(&ranker["snips"]["value"].as_f64().unwrap()), "{ranker}");
    assert_eq!(by_name("rules_only")["undefined"], "target_policy_unsupported");

    let page = place.path("report.html");
    for version in [&["1"][..], &[]] {
        let out = page.to_str().unwrap();
        let arguments =
            [&["learn", "report", "--samples", &rows, "--out", out][..], version].concat();
        let told = place.run(&arguments).ok().json();
        let html = std::fs::read_to_string(&page).unwrap();
        let version = told["weights_version"].as_u64().unwrap();
        assert!(
            html.contains(&format!("Weights of version {version}")) && html.contains(NOW),
            "{told}"
        );
    }

    // Back to what is built in, and forward again.
    let back = place.run(&["learn", "promote", "0", "--roll-back"]).ok().json();
    assert_eq!(back["weights_version"], 0);
    assert!(!place.path("payme-weights/weights.json").exists());
    assert!(!place.path("payme-weights/metrics.json").exists());
    place.run(&["learn", "promote", "1", "--samples", &rows]).ok();
    let into =
        place.run(&["learn", "report", "--samples", &rows, "--out", "payme-weights/weights.json"]);
    assert_eq!((into.code, &into.error()["code"]), (Some(2), &json!("output")));

    // The engine ranks by what is in force.
    let weights: Value =
        serde_json::from_slice(&std::fs::read(place.path("payme-weights/weights.json")).unwrap())
            .unwrap();
    assert_eq!(weights["_link"], "logit");
    let rule = json!({"required_features": ["merchant:uber"], "states": []});
    let settlements = json!([{"title": "Rides", "eligibility": rule}]).to_string();
    let settlements = place.write("s.json", settlements);
    let feature = json!({"key": "merchant:uber", "source": "plaid", "confidence": 0.8});
    let person = json!({"user_id": "00000000-0000-4000-8000-000000000001", "features": [feature]});
    let features = place.write("f.jsonl", person.to_string());
    let matched = place
        .run(&[
            "match",
            "--settlements",
            &settlements,
            "--features",
            &features,
            "--variant",
            "rules_vector_ranker",
            "--weights",
            "payme-weights/weights.json",
        ])
        .ok()
        .json();
    let score = matched[0]["results"][0]["score"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&score));
}

#[test]
fn an_export_of_the_database_is_what_training_reads() {
    let place = Place::new();
    place.run(&["demo"]).ok();
    let rows: Value = place.run(&["learn", "export"]).ok().json();
    let count = rows.as_array().unwrap().len();
    assert!(count > 10 && rows[0]["position"].is_u64(), "{rows}");
    let file = place.path("samples.json");
    let told = place.run(&["learn", "export", "--out", file.to_str().unwrap()]).ok().json();
    assert_eq!(told["sample_count"], count);
    let written: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(written, rows);
    let table = place.path("samples.parquet");
    place.run(&["learn", "export", "--out", table.to_str().unwrap()]).ok();
    assert_eq!(std::fs::read(&table).unwrap()[..4], *b"PAR1");

    // Of a run that was seen in part, the rest is no sample.
    let run = rows[0]["run_id"].as_str().unwrap();
    let of_run = rows.as_array().unwrap().iter().filter(|row| row["run_id"] == run).count();
    place.run(&["learn", "shown", run, "0"]).ok();
    let fewer = place.run(&["learn", "export"]).ok().json();
    assert_eq!(fewer.as_array().unwrap().len(), count - of_run);
    let many = place.run(&["learn", "shown", run, "4000"]);
    assert_eq!((many.code, &many.error()["code"]), (Some(2), &json!("shown_too_many")));

    // Too little to train on by itself; asked for, it trains and logs that.
    let waits = place.run(&["learn", "train", "--artifacts", "own", "--if-due"]).ok().json();
    assert_eq!(waits["trained"], false);
    assert!(waits["reason"].as_str().unwrap().ends_with("labels, at least 50"), "{waits}");
    assert!(!place.path("own").exists());
    let trained = place.run(&["learn", "train", "--artifacts", "own"]).ok().json();
    assert_eq!(trained["promoted"], false);
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let place = Place::new();
    let rows = place.write("samples.json", samples(40));
    let empty = place.write("empty.json", "[]");
    let broken = place.write("broken.json", r#"[{"user_id": "x"}]"#);
    let one_class = place.write(
        "one.json",
        samples(40)
            .replace("\"label\":1", "\"label\":0")
            .replace("\"paid_out\"", "\"not_paid_out\""),
    );
    let refused = |arguments: &[&str]| -> (Option<i32>, String) {
        let ran: Ran = place.run(arguments);
        let code = ran.error()["code"].as_str().unwrap().to_owned();
        (ran.code, code)
    };
    #[rustfmt::skip]
    let table: [(&[&str], &str); 10] = [
        (&["learn", "evaluate", "--variants", "--samples", &empty],      "rows_empty"),
        (&["learn", "train", "--samples", &empty],                        "samples_unlabelled"),
        (&["learn", "train", "--samples", &broken],                       "invalid_id"),
        (&["learn", "train", "--samples", &one_class],                    "train_one_class"),
        (&["learn", "train", "--samples", &rows, "--share", "1"],         "split_share_out_of_range"),
        (&["learn", "train", "--samples", &rows, "--l2=-1"],              "train_option"),
        (&["learn", "evaluate", "--samples", &rows],                      "artifact_no_version"),
        (&["learn", "promote", "7", "--samples", &rows],                  "artifact_no_version"),
        (&["learn", "promote", "7", "--roll-back"],                       "artifact_no_version"),
        (&["learn", "shown", "00000000-0000-7000-8000-000000000009", "1"], "unknown_run"),
    ];
    for (arguments, code) in table {
        assert_eq!(refused(arguments), (Some(2), code.to_owned()), "{arguments:?}");
    }
    // A file that is half written, or by hand, is not promoted.
    place.run(&["learn", "train", "--samples", &rows]).ok();
    let metrics = place.path("payme-weights/metrics_v1.json");
    std::fs::write(&metrics, "{\"weights_version\": 1}").unwrap();
    assert_eq!(refused(&["learn", "promote", "1", "--samples", &rows]).1, "artifact_not_trained");
    std::fs::write(&metrics, "{\"weights_ver").unwrap();
    assert_eq!(refused(&["learn", "promote", "1", "--roll-back"]).1, "artifact_metrics");
    std::fs::remove_file(&metrics).unwrap();
    assert_eq!(refused(&["learn", "promote", "1", "--roll-back"]).1, "artifact_no_metrics");
    std::fs::write(place.path("payme-weights/weights_v1.json"), "{\"rules").unwrap();
    assert_eq!(refused(&["learn", "evaluate", "1", "--samples", &rows]).1, "artifact_weights");
}

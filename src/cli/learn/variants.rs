//! `payme learn evaluate --variants`: what each variant of matching would have been worth.

use payme::learning::{
    OffPolicy, PolicyValue, Sample, VariantComparison, VariantValue, compare_variants,
};
use serde_json::{Value, json};

use super::super::args::Global;
use super::super::error::CliError;
use super::super::output;

/// Compares the variants by what came of them.
pub(super) fn run(global: &Global, samples: &[Sample], seed: u64) -> Result<(), CliError> {
    let found = compare_variants(samples, seed).map_err(|error| {
        let hint = "nobody got a variant by chance of whom it is known what came of it";
        CliError::new(error.code(), format!("there is nobody to compare: {hint}"))
    })?;
    let told = json!({
        "left_out": found.left_out,
        "variants": found.variants.iter().map(as_json).collect::<Vec<Value>>(),
    });
    output::value(global, &told, || table(&found))
}

fn as_json(one: &VariantValue) -> Value {
    let mut told = json!({"variant": one.variant, "people": one.people});
    match &one.value {
        Ok(value) => {
            told["ips"] = estimate(value.ips);
            told["snips"] = estimate(value.snips);
            told["doubly_robust"] = value.doubly_robust.map_or(Value::Null, estimate);
            told["effective_sample_size"] = value.effective_sample_size.into();
        }
        Err(error) => told["undefined"] = error.code().into(),
    }
    told
}

fn estimate(value: PolicyValue) -> Value {
    json!({"value": value.value, "standard_error": value.standard_error})
}

fn table(found: &VariantComparison) -> String {
    let number = |value: PolicyValue| format!("{:.4} +- {:.4}", value.value, value.standard_error);
    let cells = |value: &OffPolicy| {
        let robust = value.doubly_robust.map_or("-".to_owned(), number);
        let size = format!("{:.1}", value.effective_sample_size);
        vec![number(value.ips), number(value.snips), robust, size]
    };
    let rows = found.variants.iter().map(|one| {
        let mut row = vec![one.variant.to_string(), one.people.to_string()];
        row.extend(one.value.as_ref().map_or_else(|_| vec!["-".to_owned(); 4], cells));
        row
    });
    let head = ["variant", "people", "ips", "snips", "doubly robust", "effective sample size"];
    let note = format!(
        "The share of the first five places that is paid, had everybody got the variant, with its \
         standard error. {} left out: forced, not logged, or not known yet.",
        output::people(found.left_out)
    );
    format!("{}\n\n{note}", output::table(&head, rows))
}

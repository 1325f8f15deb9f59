//! The sections that are words and tables: header, verdict, measures, drift, decisions, method.
//!
//! In: what is known. Out: markup. What is not known is said to be so.

use payme_core::learning::{
    Binning, BrierDecomposition, CalibrationDrift, Check, Conformal, Defined, ExpectedEce, Gain,
    Graded, Groups, Metrics, MetricsOptions, PerUser, PrecisionDrift, Sampled, UserMean, Verdict,
    WithoutPositive, average_precision, corp_decomposition, ece_expected_if_calibrated, metrics,
    ndcg_at_k_per_user, precision_at_k, precision_at_k_per_user, roc_auc,
};

use super::figure::Table;
use super::markup::Markup;
use super::number::{count, counted, decimals, difference, figure, float, level, percent};
use super::order::why;
use super::probabilities::BINS;
use super::{Models, Named, Report, ReportError};

/// A part of the page with its heading.
pub(super) fn section(
    page: &mut Markup,
    id: &'static str,
    title: &str,
    inside: impl FnOnce(&mut Markup),
) {
    let heading = format!("{id}-heading");
    page.element("section", &[("id", id), ("aria-labelledby", &heading)], |page| {
        page.leaf("h2", &[("id", &heading)], title);
        inside(page);
    });
}

/// That something is not known.
pub(super) fn unknown(page: &mut Markup, title: &str) {
    page.element("div", &[("class", "nothing")], |page| {
        page.leaf("h3", &[], title);
        page.leaf("p", &[], "Not known: nothing was given to compare.");
    });
}

/// What the page is about, and links to its parts.
pub(super) fn header(page: &mut Markup, report: &Report<'_>, models: &Models<'_>) {
    page.element("header", &[], |page| {
        page.leaf("h1", &[], report.title);
        let counts = report.counts;
        let positive = models.challenger.forecasts.scored().positive_rate();
        let facts = [
            ("Challenger", format!("version {}", models.challenger.version)),
            ("Champion", format!("version {}", models.champion.version)),
            ("Held out", format!("{}, {} positive", report.held_out(), percent(positive))),
            ("Split", format!("{}; seed {}", report.split, report.seed)),
            ("Samples", format!("{}, {} labelled", count(counts.samples), count(counts.labelled))),
            (
                "Learnt from",
                format!(
                    "{} by the weights, {} by the calibration",
                    counted(counts.trained, "row"),
                    counted(counts.calibrated, "row"),
                ),
            ),
            ("Made", report.made_at.to_string()),
        ];
        page.element("dl", &[], |page| {
            for (name, value) in facts {
                page.element("div", &[], |page| {
                    page.leaf("dt", &[], name);
                    page.leaf("dd", &[], &value);
                });
            }
        });
        page.element("nav", &[("aria-label", "Parts of this report")], |page| {
            page.element("ul", &[], |page| {
                for (to, name) in [
                    ("#verdict", "Verdict"),
                    ("#measures", "Measures"),
                    ("#probabilities", "Probabilities"),
                    ("#order", "Order"),
                    ("#signals", "Signals and drift"),
                    ("#decisions", "Decisions"),
                    ("#method", "Method"),
                ] {
                    page.element("li", &[], |page| page.leaf("a", &[("href", to)], name));
                }
            });
        });
    });
}

/// Whether the challenger is promoted, and every check.
pub(super) fn verdict(page: &mut Markup, verdict: Option<&Verdict>, models: &Models<'_>) {
    section(page, "verdict", "Verdict", |page| {
        let (new, old) = (models.challenger.version, models.champion.version);
        let Some(verdict) = verdict else {
            return page.leaf("p", &[], "Nobody asked for a verdict: nothing is promoted by this.");
        };
        let refused = verdict.refusals().count();
        let text = if verdict.promoted {
            format!("By this policy version {new} takes the place of version {old}.")
        } else {
            let checks = counted(refused, "check");
            format!("By this policy version {old} stays: {checks} of version {new} failed.")
        };
        let class = if verdict.promoted { "outcome promoted" } else { "outcome refused" };
        page.leaf("p", &[("class", class)], &text);
        page.element("ul", &[("class", "checks")], |page| {
            for check in &verdict.checks {
                let (class, word) =
                    if check.is_met() { ("met", "Met") } else { ("failed", "Not met") };
                page.element("li", &[("class", class)], |page| {
                    page.leaf("strong", &[], word);
                    page.text(&format!(": {}. {}", asked_for(check), found(check)));
                });
            }
        });
        if let Some(difference) = verdict.difference {
            let (low, high) = difference.interval;
            let text = format!(
                "Precision at 5 per user differs by {}, with an interval ({}) from {} to {}, from \
                 {} resamples of {}.",
                super::number::difference(difference.mean),
                level(difference.options.confidence),
                super::number::difference(low),
                super::number::difference(high),
                count(difference.options.resamples),
                counted(difference.users, "user"),
            );
            page.leaf("p", &[], &text);
        }
    });
}

/// What a check asks for.
fn asked_for(check: &Check) -> String {
    match check {
        Check::Precision { .. } => "precision at 5 per user is higher".to_owned(),
        Check::NoPrecision { .. } => "some user has a positive row".to_owned(),
        Check::LowerBound { confidence, .. } => {
            format!("chance is an unlikely reason ({})", level(*confidence))
        }
        Check::LabelledUsers { needed, .. } => {
            format!("at least {} have a label", counted(*needed, "user"))
        }
        Check::Brier { .. } => "the Brier score is not much higher".to_owned(),
        Check::Ece { .. } => "the calibration error is not much higher".to_owned(),
        Check::Converged { .. } => "the fit reached its minimum".to_owned(),
    }
}

/// What was found.
fn found(check: &Check) -> String {
    match *check {
        Check::Precision { champion, challenger } => {
            format!("Challenger {}, champion {}.", figure(challenger), figure(champion))
        }
        Check::NoPrecision { users } => format!("None of {} has one.", counted(users, "user")),
        Check::LowerBound { bound, .. } => {
            format!("The lower bound of the difference is {}.", difference(bound))
        }
        Check::LabelledUsers { found, .. } => format!("There are {}.", count(found)),
        Check::Converged { iterations } => format!("It had not after {iterations} steps."),
        Check::Brier { champion, challenger, margin }
        | Check::Ece { champion, challenger, margin } => {
            format!(
                "Challenger {}, at most {} and a margin of {}.",
                figure(challenger),
                figure(champion),
                decimals(margin, 3),
            )
        }
    }
}

/// What one model is worth.
struct Measured {
    metrics: Metrics,
    chance: ExpectedEce,
    at: [UserMean; 2],
    ndcg: UserMean,
    terms: BrierDecomposition,
    miscalibration: f64,
    roc_auc: Defined<f64>,
    average_precision: Defined<f64>,
    pooled: [f64; 2],
}

/// What both are worth: the challenger, then the champion.
pub(super) struct Measures([Measured; 2]);

/// Measures both models.
pub(super) fn measured(
    models: &Models<'_>,
    users: &Groups,
    seed: u64,
) -> Result<Measures, ReportError> {
    let of = |model: &Named<'_>| -> Result<Measured, ReportError> {
        let (forecasts, rows) = (&model.forecasts, &model.order);
        let options = MetricsOptions { bins: BINS, precision_at: Vec::new() };
        let metrics = metrics(forecasts, &options)?;
        let grades: Vec<f64> = rows.labels().iter().map(|l| f64::from(u8::from(*l))).collect();
        let graded = Graded::new(&grades, rows.scores())?;
        Ok(Measured {
            chance: ece_expected_if_calibrated(forecasts, Binning::Uniform(BINS), seed)?,
            at: [
                precision_at_k_per_user(rows, users, PerUser::of_everybody(5))?,
                precision_at_k_per_user(rows, users, PerUser::of_everybody(10))?,
            ],
            ndcg: ndcg_at_k_per_user(graded, users, 5, Gain::Linear, WithoutPositive::LeaveOut)?,
            terms: metrics.brier_decomposition,
            miscalibration: corp_decomposition(forecasts).miscalibration,
            roc_auc: roc_auc(rows),
            average_precision: average_precision(rows),
            pooled: [precision_at_k(rows, 5)?, precision_at_k(rows, 10)?],
            metrics,
        })
    };
    Ok(Measures([of(&models.challenger)?, of(&models.champion)?]))
}

/// A measure of a model.
type Of = fn(&Measured) -> Defined<f64>;

/// The table of measures.
pub(super) fn measures(page: &mut Markup, Measures(both): &Measures) {
    let all: [(&str, &str, Of); 15] = [
        ("Precision at 5 per user", "higher", |of| of.at[0].mean),
        ("Precision at 10 per user", "higher", |of| of.at[1].mean),
        ("nDCG at 5 per user", "higher", |of| of.ndcg.mean),
        ("Area under the ROC curve", "higher", |of| of.roc_auc),
        ("Average precision", "higher", |of| of.average_precision),
        ("Brier score", "lower", |of| Defined::Yes(of.metrics.brier)),
        ("Log loss", "lower", |of| Defined::Yes(of.metrics.log_loss)),
        ("Calibration error (ECE, 10 equal bins)", "lower", |of| Defined::Yes(of.metrics.ece)),
        ("ECE that true probabilities show, mean", "", |of| Defined::Yes(of.chance.mean)),
        ("ECE that true probabilities show, 95 of 100", "", |of| {
            Defined::Yes(of.chance.percentile_95)
        }),
        ("ECE, bins of equal mass", "lower", |of| Defined::Yes(of.metrics.ece_equal_mass)),
        ("Miscalibration (CORP part of Brier)", "lower", |of| Defined::Yes(of.miscalibration)),
        ("Resolution (part of Brier)", "higher", |of| Defined::Yes(of.terms.resolution)),
        ("Precision at 5 of all rows", "higher", |of| Defined::Yes(of.pooled[0])),
        ("Precision at 10 of all rows", "higher", |of| Defined::Yes(of.pooled[1])),
    ];
    let row = |(name, better, of): (&str, &str, Of)| {
        let [challenger, champion] = both.each_ref().map(of);
        let cell = |value: Defined<f64>| match value {
            Defined::Yes(value) => figure(value),
            Defined::No(undefined) => format!("not defined: {}", why(undefined)),
        };
        let by = match (challenger, champion) {
            (Defined::Yes(new), Defined::Yes(old)) => difference(new - old),
            _ => "-".to_owned(),
        };
        let better = if better.is_empty() { "says what chance does" } else { better };
        vec![name.to_owned(), cell(challenger), cell(champion), by, better.to_owned()]
    };
    let head = vec!["Measure", "Challenger", "Champion", "Difference", "Better is"];
    let table = Table { head, rows: all.map(row).into() };
    section(page, "measures", "Measures on the held-out rows", |page| {
        let [challenger, _] = both;
        let text = format!(
            "Both models on the same rows. Precision per user is a mean over {}; {} have no \
             positive row, count with 0, and are left out of the gain.",
            counted(challenger.at[0].users, "user"),
            count(challenger.at[0].without_positive),
        );
        page.leaf("p", &[], &text);
        table.write(page, "Measures of the challenger and the champion");
    });
}

/// Whether the active model is as good as it was, in words.
pub(super) fn drift(
    page: &mut Markup,
    precision: Option<&PrecisionDrift>,
    calibration: Option<&CalibrationDrift>,
) {
    page.leaf("h3", &[], "Drift of precision and calibration");
    page.element("ul", &[], |page| {
        page.leaf(
            "li",
            &[],
            &precision.map_or_else(
                || "Precision: not known, because nothing was given to compare.".to_owned(),
                precision_text,
            ),
        );
        page.leaf(
            "li",
            &[],
            &calibration.map_or_else(
                || "Calibration: not known, because nothing was given to compare.".to_owned(),
                calibration_text,
            ),
        );
    });
}

fn precision_text(drift: &PrecisionDrift) -> String {
    let sampled = |of: Sampled| match of.standard_error {
        Some(error) => format!("{} (standard error {})", figure(of.mean), figure(error)),
        None => figure(of.mean),
    };
    let warns = if drift.is_warning { "This warns" } else { "This does not warn" };
    let chance = drift.warning_by_chance.map_or_else(
        || "how often chance alone would warn is not known".to_owned(),
        |chance| format!("chance alone would warn {} of the time", percent(chance)),
    );
    let (before, now) = (sampled(drift.previous), sampled(drift.current));
    let change = if drift.fall >= 0.0 { "fell" } else { "rose" };
    let by = figure(drift.fall.abs());
    format!("Precision at 5 was {before} and is {now}: it {change} by {by}. {warns}; {chance}.")
}

fn calibration_text(drift: &CalibrationDrift) -> String {
    let promise = if drift.bias > 0.0 { "more than" } else { "no more than" };
    let beyond = if drift.is_beyond_chance() {
        "That is more than chance alone shows once in twenty times"
    } else {
        "Chance alone shows as much"
    };
    format!(
        "Calibration: the mean of probability minus label is {} (by chance {}), so {promise} what \
         is paid is promised. The calibration error is {}, {} against before; true probabilities \
         would show up to {} in 95 of 100 draws. {beyond}.",
        difference(drift.bias),
        figure(drift.bias_by_chance),
        figure(drift.ece),
        difference(drift.ece_change),
        figure(drift.ece_by_chance.percentile_95),
    )
}

/// What is shown, asked about and hidden.
pub(super) fn decisions(page: &mut Markup, conformal: Option<&Conformal>, model: &Named<'_>) {
    section(page, "decisions", "Show, ask, hide", |page| {
        let Some(conformal) = conformal else {
            return page.leaf("p", &[], "Not known: no thresholds were given.");
        };
        let decided = conformal.decided(&model.forecasts);
        let from = conformal.positive_from().map_or_else(
            || "a positive label is never excluded, for want of rows".to_owned(),
            |from| format!("a positive label is possible from {} on", figure(from)),
        );
        let to = conformal.negative_to().map_or_else(
            || "a negative one is never excluded, for want of rows".to_owned(),
            |to| format!("a negative one up to {}", figure(to)),
        );
        let text = format!(
            "At an error rate of {}, {from}, and {to}. Of the held-out rows {} are decided; of the \
             others evidence is asked for. Where the thresholds were taken from these rows, the \
             shares below are as wanted by the way they were made.",
            level(conformal.error_rate()),
            percent(decided.share()),
        );
        page.leaf("p", &[], &text);
        let totals: [usize; 2] =
            [0, 1].map(|label| decided.shown[label] + decided.asked[label] + decided.hidden[label]);
        let row = |(name, counts): (&str, [usize; 2])| {
            let share = |label: usize| match totals[label] {
                0 => "none".to_owned(),
                total => percent(float(counts[label]) / float(total)),
            };
            vec![name.to_owned(), count(counts[0]), share(0), count(counts[1]), share(1)]
        };
        let rows = [("Shown", decided.shown), ("Asked", decided.asked), ("Hidden", decided.hidden)];
        let head = vec!["Decision", "Negative", "of negative", "Positive", "of positive"];
        let table = Table { head, rows: rows.map(row).into() };
        table.write(page, "Decisions on the held-out rows");
    });
}

/// How the figures came about.
pub(super) fn about(page: &mut Markup, report: &Report<'_>) {
    section(page, "method", "Method", |page| {
        let lines = [
            format!(
                "No weight and no calibration was learnt from the held-out rows ({}). The split \
                 ({}) and all draws of this page follow from the seed {}.",
                report.held_out(),
                report.split,
                report.seed,
            ),
            "Rows of equal rank are resolved by the mean over their orders, never by the order of \
             the input. Per user, precision at k is divided by k, and users without a positive row \
             count with 0."
                .to_owned(),
            format!(
                "Calibration errors are over {BINS} bins of equal width, [lower, upper), the last \
                 one closed. Bands are Wilson intervals. What true probabilities would show is \
                 from 20,000 models drawn with exactly these probabilities."
            ),
            "Intervals of weights are those of Wald, from the second derivatives of the penalised \
             likelihood; a weight on a bound, at zero by a penalty, or determined by others has \
             none."
                .to_owned(),
        ];
        page.element("ul", &[], |page| {
            for line in lines {
                page.leaf("li", &[], &line);
            }
        });
    });
}

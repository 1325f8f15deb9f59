//! Benchmarks of learning: the measures in one call, per user, fitting calibrations, resampling.
//!
//! In: a million made-up forecasts that are calibrated, and 100,000 users with 50 results each.
//! Every answer is checked before it is timed. `PAYME_BENCH_SMALL=1` takes few rows.
#![expect(clippy::expect_used, reason = "a benchmark that fails should say where")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use payme::learning::{
    Beta, Binning, BootstrapOptions, Conformal, Convergence, Decision, FitReport, Forecasts,
    Groups, Isotonic, MetricsOptions, PerUser, Platt, Scored, Temperature, bootstrap_difference,
    corp_decomposition, ece_expected_if_calibrated, metrics, precision_at_k_per_user, roc_auc,
};

const RESULTS: usize = 50;

fn is_small() -> bool {
    std::env::var_os("PAYME_BENCH_SMALL").is_some()
}

/// Uniform numbers in [0, 1) from a seed (a multiplicative congruential generator, mixed).
struct Uniform(u64);

impl Uniform {
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ (mixed >> 29)) >> 11) as f64 / 9_007_199_254_740_992.0
    }
}

/// Labels that are positive with exactly the probability that is forecast, and weights.
struct Rows {
    labels: Vec<bool>,
    p: Vec<f64>,
    weights: Vec<f64>,
}

impl Rows {
    /// `steps` is how many different probabilities there are.
    fn new(rows: usize, steps: f64) -> Self {
        let mut uniform = Uniform(26);
        let p: Vec<f64> = (0..rows).map(|_| (uniform.next() * steps).floor() / steps).collect();
        let labels = p.iter().map(|p| uniform.next() < *p).collect();
        let weights = p.iter().map(|_| uniform.next() + 0.5).collect();
        Self { labels, p, weights }
    }

    fn forecasts(&self) -> Forecasts<'_> {
        Forecasts::new(&self.labels, &self.p).expect("rows that are right")
    }
}

fn measures(c: &mut Criterion) {
    let rows = if is_small() { 10_000 } else { 1_000_000 };
    let mut group = c.benchmark_group("learning");
    group.throughput(Throughput::Elements(rows as u64));
    let options = MetricsOptions::default();
    let (distinct, tied) = (Rows::new(rows, 1e15), Rows::new(rows, 1_000.0));
    let plain = distinct.forecasts();
    let weighted = distinct.forecasts().weighted(&distinct.weights).expect("weights");
    let chance = ece_expected_if_calibrated(&plain, Binning::Uniform(10), 1).expect("bins");
    for (variant, forecasts) in
        [("distinct", &plain), ("tied", &tied.forecasts()), ("weighted", &weighted)]
    {
        let all = metrics(forecasts, &options).expect("options that are right");
        // The labels are drawn with the probabilities: Brier 1/6, AUC 5/6, ECE by chance only.
        let brier_slack = 3.0 * chance.mean;
        assert!((all.brier - 1.0 / 6.0).abs() < brier_slack, "{}", all.brier);
        assert!((all.roc_auc.unwrap_or(0.0) - 5.0 / 6.0).abs() < 0.02);
        assert!(all.ece < 2.0 * chance.percentile_95, "{} {chance:?}", all.ece);
        assert_eq!(all.roc_auc, roc_auc(forecasts.scored()));
        group.bench_function(BenchmarkId::new(format!("metrics/{variant}"), rows), |b| {
            b.iter(|| metrics(black_box(forecasts), &options));
        });
    }
    group.bench_function(BenchmarkId::new("roc_auc/distinct", rows), |b| {
        b.iter(|| roc_auc(black_box(plain.scored())));
    });
    group.bench_function(BenchmarkId::new("corp/distinct", rows), |b| {
        b.iter(|| corp_decomposition(black_box(&plain)));
    });
    group.bench_function(BenchmarkId::new("check/distinct", rows), |b| {
        b.iter(|| Forecasts::new(black_box(&distinct.labels), &distinct.p));
    });
    group.finish();
}

fn per_user(c: &mut Criterion) {
    let users = if is_small() { 1_000 } else { 100_000 };
    let made = Rows::new(users * RESULTS, 1e15);
    let rows = Scored::new(&made.labels, &made.p).expect("rows that are right");
    let groups = Groups::of_sizes(std::iter::repeat_n(RESULTS, users));
    let of = |rows: &Scored<'_>| {
        precision_at_k_per_user(rows, &groups, PerUser::at(5)).expect("groups of the rows")
    };
    // The five largest of 50 uniform numbers have the mean 48 / 51.
    let found = of(&rows);
    assert!((found.mean.unwrap_or(0.0) - 48.0 / 51.0).abs() < 0.01, "{found:?}");
    assert_eq!((found.users, found.without_positive), (users, 0));
    let mut group = c.benchmark_group("learning");
    group.throughput(Throughput::Elements(users as u64));
    group.bench_function(BenchmarkId::new("precision_per_user/50_at_5", users), |b| {
        b.iter(|| of(black_box(&rows)));
    });
    group.finish();
}

fn calibrations(c: &mut Criterion) {
    let rows = if is_small() { 10_000 } else { 1_000_000 };
    let made = Rows::new(rows, 1e15);
    let forecasts = made.forecasts();
    let scored = forecasts.scored();
    let mut group = c.benchmark_group("learning");
    group.sample_size(10).throughput(Throughput::Elements(rows as u64));
    // What is calibrated is changed little.
    let isotonic = Isotonic::fit(scored).expect("both classes");
    assert!((isotonic.apply(0.4) - 0.4).abs() < 0.1);
    group.bench_function(BenchmarkId::new("fit/isotonic", rows), |b| {
        b.iter(|| Isotonic::fit(black_box(scored)));
    });
    let ended = |report: FitReport| assert_eq!(report.convergence, Convergence::Converged);
    ended(Platt::fit(scored).expect("both classes").report);
    group.bench_function(BenchmarkId::new("fit/platt", rows), |b| {
        b.iter(|| Platt::fit(black_box(scored)));
    });
    let temperature = Temperature::fit(&forecasts).expect("both classes");
    ended(temperature.report);
    assert!((temperature.calibration.temperature() - 1.0).abs() < 0.1);
    group.bench_function(BenchmarkId::new("fit/temperature", rows), |b| {
        b.iter(|| Temperature::fit(black_box(&forecasts)));
    });
    let beta = Beta::fit(&forecasts).expect("both classes");
    ended(beta.report);
    assert!((beta.calibration.apply(0.4) - 0.4).abs() < 0.05);
    group.bench_function(BenchmarkId::new("fit/beta", rows), |b| {
        b.iter(|| Beta::fit(black_box(&forecasts)));
    });
    let conformal = Conformal::fit(&forecasts, 0.1).expect("a rate");
    assert_eq!([0.01, 0.5, 0.99].map(|p| conformal.decide(p)), DECISIONS);
    group.bench_function(BenchmarkId::new("fit/conformal", rows), |b| {
        b.iter(|| Conformal::fit(black_box(&forecasts), 0.1));
    });
    group.bench_function(BenchmarkId::new("apply/isotonic", rows), |b| {
        b.iter(|| made.p.iter().map(|p| isotonic.apply(*p)).sum::<f64>());
    });
    group.finish();
}

/// 1,000 resamples of the paired difference of two models.
fn bootstrap(c: &mut Criterion) {
    let users: u32 = if is_small() { 1_000 } else { 100_000 };
    let mut uniform = Uniform(7);
    // The challenger finds one more of five for one user in ten, and one less for one in twenty.
    let pairs = (0..users).map(|_| {
        let hits = (1.0 + uniform.next() * 4.0).floor();
        let change = match uniform.next() {
            unit if unit < 0.10 => 1.0,
            unit if unit < 0.15 => -1.0,
            _ => 0.0,
        };
        (Some(hits / 5.0), Some((hits + change) / 5.0))
    });
    let (champion, challenger): (Vec<_>, Vec<_>) = pairs.unzip();
    let options = BootstrapOptions { resamples: 1_000, ..BootstrapOptions::default() };
    let of = |challenger: &[Option<f64>]| {
        bootstrap_difference(&champion, challenger, &options).expect("two values of each user")
    };
    // The difference has the mean 0.01 and the variance 0.04 (0.15) - 0.01^2.
    let found = of(&challenger);
    let error = (0.0059 / f64::from(users)).sqrt();
    assert!((found.mean - 0.01).abs() < 5.0 * error, "{found:?}");
    assert!((found.standard_error / error - 1.0).abs() < 0.2, "{found:?}");
    let below = (found.mean - found.lower_bound) / error;
    assert!((below - 1.645).abs() < 0.4, "{below} standard errors");
    let mut group = c.benchmark_group("learning");
    group.sample_size(20).throughput(Throughput::Elements(u64::from(users) * 1_000));
    group.bench_function(BenchmarkId::new("bootstrap/paired", users), |b| {
        b.iter(|| of(black_box(&challenger)));
    });
    group.finish();
}

const DECISIONS: [Decision; 3] = [Decision::Hide, Decision::Ask, Decision::Show];

criterion_group!(benches, measures, per_user, calibrations, bootstrap);
criterion_main!(benches);

//! What is promised of a ranker as a whole, on data whose law is known.
//!
//! Each test draws many times from fixed seeds and counts how often a promise was kept. The bound is
//! the one that a binomial count of that many draws stays within, but for one in a thousand, where
//! the promise is exact; it is widened only where the documentation says that it is not.

use super::random::Stream;
use super::sum::{float, floor_at_most};
use super::train::{FitOptions, LinearModel, Matrix, Newton, Order, Samples, Trainer as _};
use super::*;

const TRUTH: [f64; 3] = [1.6, -0.9, 0.5];
const INTERCEPT: f64 = -0.7;

fn logistic(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

/// Rows of a known logistic model: signals, true probabilities, labels.
struct Rows {
    features: Vec<f64>,
    truth: Vec<f64>,
    labels: Vec<bool>,
}

impl Rows {
    fn draw(stream: &mut Stream, rows: usize) -> Self {
        let features: Vec<f64> =
            (0..rows * TRUTH.len()).map(|_| 2.0 * stream.unit() - 1.0).collect();
        let score = |row: &[f64]| row.iter().zip(TRUTH).map(|(x, w)| x * w).sum::<f64>();
        let truth: Vec<f64> =
            features.chunks(TRUTH.len()).map(|row| logistic(INTERCEPT + score(row))).collect();
        let labels = truth.iter().map(|p| stream.unit() < *p).collect();
        Self { features, truth, labels }
    }

    fn matrix(&self) -> Matrix<'_> {
        Matrix::new(&self.features, self.labels.len(), TRUTH.len(), Order::Rows).unwrap()
    }

    fn fit(&self) -> LinearModel {
        let samples = Samples::new(self.matrix(), &self.labels).unwrap();
        let fit = Newton.fit(&samples, &FitOptions::default()).unwrap();
        assert!(fit.convergence.is_converged);
        LinearModel::from(fit)
    }
}

/// The least count of `draws` with this chance each that is not rarer than one in a thousand.
fn least(draws: usize, chance: f64) -> usize {
    // Logarithms, because the chance of none of them is below every double.
    let mut one = float(draws) * (1.0 - chance).ln();
    let mut below = 0.0;
    for count in 0..draws {
        below += one.exp();
        if below > 1e-3 {
            return count;
        }
        one += (float(draws - count) / float(count + 1) * chance / (1.0 - chance)).ln();
    }
    draws
}

/// The greatest count that is not rarer than that.
fn most(draws: usize, chance: f64) -> usize {
    draws - least(draws, 1.0 - chance)
}

#[test]
fn the_bounds_are_those_of_the_tables() {
    // P(X <= 86) is 0.0005 and P(X <= 87) is 0.0015, of 100 draws with a chance of 0.95.
    assert_eq!((least(100, 0.95), most(100, 0.95)), (87, 100));
    // P(X <= 34) is 0.0009 and P(X <= 35) is 0.0018, of 100 fair draws.
    assert_eq!((least(100, 0.5), most(100, 0.5)), (35, 65));
}

#[test]
fn fitted_probabilities_are_calibrated_on_fresh_rows() {
    let mut stream = Stream::new(2_026);
    let (mut within, mut errors, mut expected) = (0, 0.0, 0.0);
    for draw in 0..100 {
        let model = Rows::draw(&mut stream, 3_000).fit();
        let fresh = Rows::draw(&mut stream, 400);
        let p = model.probabilities(&fresh.matrix()).unwrap();
        let forecasts = Forecasts::new(&fresh.labels, &p).unwrap();
        let error = ece(&forecasts, Binning::Uniform(10)).unwrap();
        let chance = ece_expected_if_calibrated(&forecasts, Binning::Uniform(10), draw).unwrap();
        within += usize::from(error <= chance.percentile_95);
        errors += error / 100.0;
        expected += chance.mean / 100.0;
    }
    // 95 of 100; that 3,000 rows do not tell the weights exactly costs less than one of them.
    assert!(within >= least(100, 0.94), "{within} of 100 are within the bound");
    // Nor is the error only below a bound that nothing could miss.
    assert!((errors / expected - 1.0).abs() < 0.1, "{errors} {expected}");
}

#[test]
fn probabilities_that_are_too_sure_are_beyond_the_bound() {
    // Log-odds that are 1.8 times as large: the bound is one that can be missed.
    let mut stream = Stream::new(77);
    let mut beyond = 0;
    for draw in 0..40 {
        let fresh = Rows::draw(&mut stream, 2_000);
        let sure = |p: &f64| logistic(1.8 * (p / (1.0 - p)).ln());
        let p: Vec<f64> = fresh.truth.iter().map(sure).collect();
        let forecasts = Forecasts::new(&fresh.labels, &p).unwrap();
        let chance = ece_expected_if_calibrated(&forecasts, Binning::Uniform(10), draw).unwrap();
        beyond +=
            usize::from(ece(&forecasts, Binning::Uniform(10)).unwrap() > chance.percentile_95);
    }
    assert!(beyond >= 38, "{beyond} of 40");
}

#[test]
fn decisions_keep_their_error_rate_and_decide_a_known_share() {
    const DRAWS: usize = 200;
    const RATE: f64 = 0.1;
    let mut stream = Stream::new(5);
    let (mut wrong, mut counts, mut decided, mut best) = ([0.0; 2], [0.0; 2], 0.0, 0.0);
    let model = Rows::draw(&mut stream, 4_000).fit();
    for _ in 0..DRAWS {
        let held_out = Rows::draw(&mut stream, 300);
        let p = model.probabilities(&held_out.matrix()).unwrap();
        let conformal =
            Conformal::fit(&Forecasts::new(&held_out.labels, &p).unwrap(), RATE).unwrap();
        let fresh = Rows::draw(&mut stream, 300);
        let p = model.probabilities(&fresh.matrix()).unwrap();
        let forecasts = Forecasts::new(&fresh.labels, &p).unwrap();
        let found = conformal.decided(&forecasts);
        // "Ask" is given where both labels are left, and where neither is: the latter is an error.
        for (label, p) in fresh.labels.iter().zip(&p) {
            let (negative, positive) = conformal.labels_left(*p);
            counts[usize::from(*label)] += 1.0;
            let is_left = if *label { positive } else { negative };
            wrong[usize::from(*label)] += f64::from(u8::from(!is_left));
        }
        decided += found.share() / float(DRAWS);
        // The same rows judged by thresholds that know the law, from 300 rows of it.
        let known =
            Conformal::fit(&Forecasts::new(&held_out.labels, &held_out.truth).unwrap(), RATE)
                .unwrap();
        let truth = Forecasts::new(&fresh.labels, &fresh.truth).unwrap();
        best += known.decided(&truth).share() / float(DRAWS);
    }
    for (label, (wrong, count)) in wrong.iter().zip(counts).enumerate() {
        // Thresholds vary from draw to draw, which adds e (1 - e) / n for each held-out set.
        let held_out = count / float(DRAWS);
        let variance = RATE * (1.0 - RATE) * (1.0 / count + 1.0 / (held_out * float(DRAWS)));
        let (rate, slack) = (wrong / count, 3.1 * variance.sqrt());
        assert!(rate <= RATE + slack, "label {label}: {rate} of {count}");
        // No more is kept than one row in n + 1 needs, so the promise is not kept by asking always.
        assert!(rate >= RATE - 1.0 / held_out - slack, "label {label}: {rate} of {count}");
    }
    // Of this law as much can be decided as its overlap leaves: 48 of 100 rows.
    assert!(
        (decided - best).abs() < 0.01 && (0.46..0.51).contains(&decided),
        "{decided} are decided, {best} with the law known"
    );
}

/// Two rankers and users of a law whose true difference of precision at 1 is known exactly.
///
/// Each user has two rows, one of them positive. The champion puts the positive one first with the
/// chance 0.5, the challenger with 0.62; half of the users are such that both agree.
fn user(stream: &mut Stream) -> ([f64; 2], [f64; 2]) {
    let agree = stream.unit() < 0.5;
    let champion = stream.unit() < 0.5;
    let challenger = if agree { champion } else { stream.unit() < 0.74 };
    let scores = |is_first: bool| if is_first { [0.9, 0.1] } else { [0.1, 0.9] };
    (scores(champion), scores(challenger))
}

/// Half of the users have the chance 0.74 in place of 0.5.
const DIFFERENCE: f64 = 0.12;

#[test]
fn the_paired_interval_holds_the_true_difference_at_its_level() {
    const DRAWS: usize = 400;
    const USERS: usize = 250;
    let mut stream = Stream::new(19);
    let (mut two_sided, mut one_sided) = (0, 0);
    let labels = [true, false].repeat(USERS);
    let users = Groups::of_sizes(vec![2; USERS]);
    for draw in 0..DRAWS {
        let (mut champion, mut challenger) = (Vec::new(), Vec::new());
        for _ in 0..USERS {
            let (old, new) = user(&mut stream);
            champion.extend(old);
            challenger.extend(new);
        }
        let of = |scores: &[f64]| {
            let rows = Scored::new(&labels, scores).unwrap();
            precision_at_k_of_users(&rows, &users, PerUser::at(1)).unwrap()
        };
        let seed = u64::try_from(draw).unwrap();
        let options = BootstrapOptions { resamples: 300, confidence: 0.9, seed };
        let found = bootstrap_difference(&of(&champion), &of(&challenger), &options).unwrap();
        let (low, high) = found.interval;
        two_sided += usize::from(low <= DIFFERENCE && DIFFERENCE <= high);
        one_sided += usize::from(found.lower_bound <= DIFFERENCE);
    }
    // 250 users in the place of 249, a grid of 1/250, and 300 resamples: a point off at most.
    let bounds = least(DRAWS, 0.89)..=most(DRAWS, 0.91);
    assert!(bounds.contains(&two_sided), "{two_sided} of {DRAWS}, not in {bounds:?}");
    assert!(bounds.contains(&one_sided), "{one_sided} of {DRAWS}, not in {bounds:?}");
}

#[test]
fn a_law_is_the_one_it_says_it_is() {
    let mut stream = Stream::new(23);
    let (mut old, mut new) = (0.0, 0.0);
    for _ in 0..200_000 {
        let (champion, challenger) = user(&mut stream);
        old += f64::from(u8::from(champion[0] > champion[1])) / 2e5;
        new += f64::from(u8::from(challenger[0] > challenger[1])) / 2e5;
    }
    // Five standard errors of a difference of 200,000.
    assert!((new - old - DIFFERENCE).abs() < 5.0 * (0.5_f64 / 2e5).sqrt(), "{old} {new}");
    let rows = Rows::draw(&mut stream, 100_000);
    let mut bins = [[0.0; 2]; 10];
    for (p, label) in rows.truth.iter().zip(&rows.labels) {
        let bin = &mut bins[floor_at_most(10.0 * p, 9)];
        bin[0] += 1.0;
        bin[1] += f64::from(u8::from(*label)) - p;
    }
    for [count, excess] in bins {
        assert!(excess.abs() <= 5.0 * (0.25 * f64::max(count, 1.0)).sqrt(), "{excess} of {count}");
    }
}

//! Laws of the measures, over made-up rows with many ties, and what they are over all orders of
//! tied rows.

use proptest::collection::vec;
use proptest::prelude::*;

use super::tests::near;
use super::*;
use crate::learning::sum::float;
use crate::learning::{Forecasts, Scored};

/// Probabilities that are often equal, with labels and small whole weights.
fn any_rows(most: usize) -> impl Strategy<Value = Vec<(f64, bool, u8)>> {
    let p = prop_oneof![(0..=8_u8).prop_map(|eighth| f64::from(eighth) / 8.0), 0.0..=1.0_f64];
    vec((p, any::<bool>(), 0..4_u8), 1..most)
}

struct Columns {
    p: Vec<f64>,
    labels: Vec<bool>,
    weights: Vec<f64>,
}

impl Columns {
    fn new(rows: &[(f64, bool, u8)]) -> Self {
        Self {
            p: rows.iter().map(|row| row.0).collect(),
            labels: rows.iter().map(|row| row.1).collect(),
            weights: rows.iter().map(|row| f64::from(row.2)).collect(),
        }
    }

    fn forecasts(&self) -> Forecasts<'_> {
        Forecasts::new(&self.labels, &self.p).unwrap()
    }

    fn rows(&self) -> Scored<'_> {
        Scored::new(&self.labels, &self.p).unwrap()
    }
}

/// Every number of the report, and those that are not in it.
fn figures(forecasts: &Forecasts<'_>) -> Vec<f64> {
    let options = MetricsOptions { bins: 5, precision_at: vec![1, 3, 20] };
    let all = metrics(forecasts, &options).unwrap();
    let terms = all.brier_decomposition;
    let corp = corp_decomposition(forecasts);
    let mut figures = vec![
        all.positive_rate,
        all.brier,
        all.ece,
        all.mce,
        all.ece_debiased.powi(2),
        all.ece_equal_mass,
        all.mce_equal_mass,
        all.log_loss,
        terms.reliability,
        terms.resolution,
        terms.uncertainty,
        terms.within_bin_variance,
        terms.within_bin_covariance,
        corp.miscalibration,
        corp.discrimination,
        all.roc_auc.unwrap_or(-1.0),
        all.average_precision.unwrap_or(-1.0),
    ];
    figures.extend(all.precision_at.iter().map(|(_, precision)| precision));
    for point in roc_curve(forecasts.scored()).unwrap_or(vec![]) {
        figures.extend([point.false_positive_rate, point.true_positive_rate]);
    }
    for point in precision_recall_curve(forecasts.scored()).unwrap_or(vec![]) {
        figures.extend([point.threshold, point.precision, point.recall]);
    }
    figures
}

#[track_caller]
fn all_near(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-12, "{at}: {found} is not {expected}");
    }
}

/// All orders of `0..n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![vec![]];
    }
    let shorter = orders(n - 1);
    shorter
        .iter()
        .flat_map(|order| (0..n).map(move |at| [&order[..at], &[n - 1], &order[at..]].concat()))
        .collect()
}

/// The mean of `of` over all orders of the rows that have descending scores.
fn over_orders(scores: &[f64], of: impl Fn(&[usize]) -> f64) -> f64 {
    let descends =
        |order: &Vec<usize>| order.windows(2).all(|pair| scores[pair[0]] >= scores[pair[1]]);
    let orders: Vec<Vec<usize>> = orders(scores.len()).into_iter().filter(descends).collect();
    orders.iter().map(|order| of(order)).sum::<f64>() / float(orders.len())
}

proptest! {
    #[test]
    fn any_order_of_the_rows_has_the_same_measures(rows in any_rows(60), seed in any::<u64>()) {
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|row| (row.0.to_bits() ^ u64::from(row.2)).wrapping_mul(seed | 1));
        let (some, others) = (Columns::new(&rows), Columns::new(&shuffled));
        all_near(&figures(&some.forecasts()), &figures(&others.forecasts()));
        let positive = |column: &Columns| column.weights.iter().any(|weight| *weight > 0.0);
        if positive(&some) {
            all_near(
                &figures(&some.forecasts().weighted(&some.weights).unwrap()),
                &figures(&others.forecasts().weighted(&others.weights).unwrap()),
            );
        }
    }

    #[test]
    fn a_weight_counts_like_so_many_equal_rows(rows in any_rows(40)) {
        prop_assume!(rows.iter().any(|row| row.2 > 0));
        let weighted = Columns::new(&rows);
        let repeated: Vec<_> = rows.iter().flat_map(|row| vec![*row; usize::from(row.2)]).collect();
        let repeated = Columns::new(&repeated);
        all_near(
            &figures(&weighted.forecasts().weighted(&weighted.weights).unwrap()),
            &figures(&repeated.forecasts()),
        );
    }

    #[test]
    fn weights_of_one_change_nothing(rows in any_rows(40)) {
        let columns = Columns::new(&rows);
        let ones = vec![1.0; rows.len()];
        all_near(&figures(&columns.forecasts().weighted(&ones).unwrap()), &figures(&columns.forecasts()));
    }

    #[test]
    fn the_terms_add_up_to_the_brier_score(rows in any_rows(200), bins in 1..30_usize) {
        let columns = Columns::new(&rows);
        let forecasts = columns.forecasts();
        let brier = brier_score(&forecasts);
        near(brier_decomposition(&forecasts, bins).unwrap().brier(), brier, 2e-15);
        let corp = corp_decomposition(&forecasts);
        near(corp.miscalibration - corp.discrimination + corp.uncertainty, brier, 2e-15);
    }

    #[test]
    fn the_auc_is_the_share_of_pairs_in_order(rows in any_rows(60)) {
        let columns = Columns::new(&rows);
        let pair = |(p, of_p): (&f64, &bool), (n, of_n): (&f64, &bool)| match () {
            () if !of_p || *of_n => None,
            () if p > n => Some(1.0),
            () if p < n => Some(0.0),
            () => Some(0.5),
        };
        let each = || columns.p.iter().zip(&columns.labels);
        let pairs: Vec<f64> = each().flat_map(|a| each().filter_map(move |b| pair(a, b))).collect();
        let expected = pairs.iter().sum::<f64>() / float(pairs.len());
        match roc_auc(&columns.rows()).value() {
            Some(auc) => near(auc, expected, 1e-13),
            None => prop_assert!(pairs.is_empty()),
        }
    }

    #[test]
    fn negated_scores_have_the_rest_of_the_auc(rows in any_rows(60)) {
        let columns = Columns::new(&rows);
        let negated: Vec<f64> = columns.p.iter().map(|p| -p).collect();
        let other = roc_auc(&Scored::new(&columns.labels, &negated).unwrap()).value();
        match roc_auc(&columns.rows()).value() {
            Some(auc) => near(auc + other.unwrap_or(-1.0), 1.0, 1e-13),
            None => prop_assert_eq!(other, None),
        }
    }

    #[test]
    fn scores_in_the_same_order_have_the_same_measures_of_order(rows in any_rows(60)) {
        let columns = Columns::new(&rows);
        let moved: Vec<f64> = columns.p.iter().map(|p| p.powi(3) * 8e100 - 4e100).collect();
        // Cubes of neighbours may be equal: then they are no scores in the same order.
        let distinct = |column: &[f64]| {
            let mut bits: Vec<u64> = column.iter().map(|p| p.to_bits()).collect();
            bits.sort_unstable();
            bits.dedup();
            bits.len()
        };
        prop_assume!(distinct(&columns.p) == distinct(&moved));
        let (one, other) = (columns.rows(), Scored::new(&columns.labels, &moved).unwrap());
        prop_assert_eq!(roc_auc(&one), roc_auc(&other));
        prop_assert_eq!(average_precision(&one), average_precision(&other));
        prop_assert_eq!(precision_at_k(&one, 3), precision_at_k(&other, 3));
    }

    #[test]
    fn the_area_under_the_roc_curve_is_the_auc(rows in any_rows(60)) {
        let columns = Columns::new(&rows);
        if let Some(points) = roc_curve(&columns.rows()).value() {
            let area = |pair: &[RocPoint]| {
                (pair[1].false_positive_rate - pair[0].false_positive_rate)
                    * f64::midpoint(pair[0].true_positive_rate, pair[1].true_positive_rate)
            };
            let area: f64 = points.windows(2).map(area).sum();
            near(area, roc_auc(&columns.rows()).unwrap_or(-1.0), 1e-13);
        }
        if let Some(points) = precision_recall_curve(&columns.rows()).value() {
            let mut before = 0.0;
            let mut area = 0.0;
            for point in points {
                area += (point.recall - before) * point.precision;
                before = point.recall;
            }
            near(area, average_precision(&columns.rows()).unwrap_or(-1.0), 1e-13);
        }
    }

    #[test]
    fn precision_is_the_mean_over_all_orders_of_ties(rows in any_rows(8), k in 1..9_usize) {
        let columns = Columns::new(&rows);
        let first = k.min(rows.len());
        let expected = over_orders(&columns.p, |order| {
            float(order[..first].iter().filter(|at| columns.labels[**at]).count()) / float(first)
        });
        near(precision_at_k(&columns.rows(), k).unwrap(), expected, 1e-13);
        // The same rows as one user of several, in turn and divided by k.
        let twice: Vec<(f64, bool, u8)> = rows.iter().flat_map(|row| [*row, (row.0, false, 1)]).collect();
        let twice = Columns::new(&twice);
        let ids: Vec<usize> = (0..twice.p.len()).map(|at| 7 - at % 2).collect();
        let mean = precision_at_k_per_user(&twice.rows(), &Groups::of_ids(&ids), PerUser::at(k)).unwrap();
        if columns.labels.contains(&true) {
            near(mean.mean.unwrap_or(-1.0), expected * float(first) / float(k), 1e-13);
            prop_assert_eq!((mean.users, mean.without_positive), (1, 1));
        } else {
            prop_assert_eq!((mean.users, mean.without_positive), (0, 2));
        }
    }

    #[test]
    fn precision_per_user_is_the_mean_of_precisions(
        users in vec(any_rows(90), 1..6),
        k in prop_oneof![1..12_usize, Just(64)],
        scale in prop_oneof![Just(1.0), Just(-3.5)],
    ) {
        // Probabilities and other scores, with weights of one and without, contiguous and not.
        let rule = PerUser { divide_by: DivideBy::Returned, without_positive: WithoutPositive::Zero, ..PerUser::at(k) };
        let mut columns = Columns::new(&users.concat());
        columns.p.iter_mut().for_each(|p| *p *= scale);
        let expected = users.iter().map(|rows| {
            let mut user = Columns::new(rows);
            user.p.iter_mut().for_each(|p| *p *= scale);
            precision_at_k(&user.rows(), k).unwrap()
        });
        let expected = expected.sum::<f64>() / float(users.len());
        let sizes = Groups::of_sizes(users.iter().map(Vec::len));
        let found = precision_at_k_per_user(&columns.rows(), &sizes, rule).unwrap();
        near(found.mean.unwrap_or(-1.0), expected, 1e-13);
        let ones = vec![1.0; columns.p.len()];
        let weighted = precision_at_k_per_user(&columns.rows().weighted(&ones).unwrap(), &sizes, rule).unwrap();
        near(weighted.mean.unwrap_or(-1.0), expected, 1e-13);
        let ids: Vec<usize> = users.iter().enumerate().flat_map(|(user, rows)| vec![9 - user; rows.len()]).collect();
        let by_id = precision_at_k_per_user(&columns.rows(), &Groups::of_ids(&ids), rule).unwrap();
        near(by_id.mean.unwrap_or(-1.0), expected, 1e-13);
        prop_assert_eq!(by_id.without_positive, found.without_positive);
    }

    #[test]
    fn ndcg_is_the_mean_over_all_orders_of_ties(rows in any_rows(8), k in 1..9_usize, exponential in any::<bool>()) {
        let columns = Columns::new(&rows);
        let gain = if exponential { Gain::Exponential } else { Gain::Linear };
        let worth = |at: usize| if exponential { columns.weights[at].exp2() - 1.0 } else { columns.weights[at] };
        let gained = |order: &[usize]| -> f64 {
            order.iter().take(k).enumerate().map(|(place, at)| worth(*at) / float(place + 2).log2()).sum()
        };
        let best = over_orders(&columns.weights, gained);
        let expected = over_orders(&columns.p, gained) / best;
        let graded = Graded::new(&columns.weights, &columns.p).unwrap();
        match ndcg_at_k(graded, k, gain).unwrap().value() {
            Some(found) => near(found, expected, 1e-13),
            None => prop_assert!(columns.weights.iter().all(|grade| *grade == 0.0)),
        }
    }

    #[test]
    fn groups_do_not_depend_on_the_order_of_rows(ids in vec(0..5_u8, 1..40)) {
        let groups = Groups::of_ids(&ids);
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        let of_sorted = Groups::of_ids(&sorted);
        prop_assert_eq!((groups.len(), groups.rows()), (of_sorted.len(), ids.len()));
        let rows = |ids: &[u8]| ids.iter().map(|id| f64::from(*id)).collect::<Vec<f64>>();
        let labels = |ids: &[u8]| ids.iter().map(|id| id % 2 == 0).collect::<Vec<bool>>();
        let mean = |ids: &[u8], groups: &Groups| {
            let (scores, labels) = (rows(ids), labels(ids));
            precision_at_k_per_user(&Scored::new(&labels, &scores).unwrap(), groups, PerUser::at(2))
        };
        prop_assert_eq!(mean(&ids, &groups), mean(&sorted, &of_sorted));
    }

    #[test]
    fn the_log_loss_is_the_mean_of_logarithms(rows in any_rows(60)) {
        let columns = Columns::new(&rows);
        let margin = f64::EPSILON;
        let term = |(p, label): (&f64, &bool)| -(if *label { *p } else { 1.0 - p }).clamp(margin, 1.0 - margin).ln();
        let expected = columns.p.iter().zip(&columns.labels).map(term).sum::<f64>() / float(rows.len());
        near(log_loss(&columns.forecasts()), expected, 1e-13 * expected.max(1.0));
    }
}

//! Whether the order is good: precision at k, ROC and precision-recall curves of both models.
//!
//! In: the forecasts of both models on the same rows. Out: three figures, or why there is none.

use payme_core::learning::{
    Defined, Groups, PerUser, PrecisionRecallPoint, RocPoint, Thinned, Undefined,
    average_precision, precision_at_k_per_user, precision_recall_curve, roc_auc, roc_curve,
    thin_precision_recall, thin_roc,
};

use super::figure::{Figure, Table};
use super::markup::Markup;
use super::number::{counted, figure, float};
use super::plot::{Axis, Frame, key};
use super::probabilities::both;
use super::{Models, ReportError};

/// So many first places are looked at.
const PLACES: usize = 20;
/// So many points of a curve are drawn.
const POINTS_MAX: usize = 200;

/// All three figures.
pub(super) fn write(
    page: &mut Markup,
    models: &Models<'_>,
    users: &Groups,
) -> Result<(), ReportError> {
    precision(page, models, users)?;
    roc(page, models);
    precision_recall(page, models);
    Ok(())
}

/// Why rows have no such curve, in words.
pub(super) const fn why(undefined: Undefined) -> &'static str {
    match undefined {
        Undefined::NoPositive => "no held-out row is positive",
        Undefined::NoNegative => "no held-out row is negative",
    }
}

fn nothing(page: &mut Markup, title: &str, undefined: Undefined) {
    page.element("div", &[("class", "nothing")], |page| {
        page.leaf("h3", &[], title);
        page.leaf("p", &[], &format!("Not defined: {}.", why(undefined)));
    });
}

fn precision(page: &mut Markup, models: &Models<'_>, users: &Groups) -> Result<(), ReportError> {
    let title = "Precision among the first places";
    let mut rows: [Vec<[f64; 2]>; 2] = [Vec::new(), Vec::new()];
    let mut counted_users = 0;
    for (points, model) in rows.iter_mut().zip(models.both()) {
        for k in 1..=PLACES {
            let found = precision_at_k_per_user(&model.order, users, PerUser::of_everybody(k))?;
            match found.mean {
                Defined::Yes(mean) => points.push([float(k), mean]),
                Defined::No(undefined) => {
                    nothing(page, title, undefined);
                    return Ok(());
                }
            }
            counted_users = found.users;
        }
    }
    let at = |of: usize, k: usize| {
        let point = rows.get(of).and_then(|points| points.get(k - 1));
        figure(point.map_or(f64::NAN, |point| point[1]))
    };
    let description = format!(
        "Share of positives among the first k rows of a user, divided by k, as a mean over {}; \
         rows that are equal stand in every order. At 5 the challenger has {}, the champion {}; at \
         10 {} and {}.",
        counted(counted_users, "user"),
        at(0, 5),
        at(1, 5),
        at(0, 10),
        at(1, 10),
    );
    let about = Figure { id: "precision", title, description: &description, height: Frame::HEIGHT };
    let row = |k: usize| vec![k.to_string(), at(0, k), at(1, k)];
    let table =
        Table { head: vec!["k", "Challenger", "Champion"], rows: (1..=PLACES).map(row).collect() };
    about.write(page, &table, |page| {
        let most = rows.iter().flatten().map(|point| point[1]).fold(0.0, f64::max);
        let mut x = Axis::around(0.0, float(PLACES), "k");
        x.ticks = vec![1.0, 5.0, 10.0, 15.0, 20.0];
        let frame = Frame::new(x, Axis::around(0.0, most, "precision at k"));
        frame.draw(page);
        key(page, models.key());
        for (points, of) in rows.iter().zip(both()).rev() {
            frame.series(page, points, of);
        }
    });
    Ok(())
}

/// A curve of each model, thinned, with what is said of it.
struct Curves {
    points: [Vec<[f64; 2]>; 2],
    farthest: f64,
    rows: Vec<Vec<String>>,
}

fn curves<P>(
    models: &Models<'_>,
    thinned: [Thinned<P>; 2],
    place: impl Fn(&P) -> [f64; 2],
    threshold: impl Fn(&P) -> f64,
) -> Curves {
    let farthest = thinned.iter().map(|curve| curve.farthest).fold(0.0, f64::max);
    let row = |name: &str, point: &P| {
        let [x, y] = place(point);
        let from = threshold(point);
        let from = if from.is_finite() { figure(from) } else { "above all".to_owned() };
        vec![name.to_owned(), from, figure(x), figure(y)]
    };
    let named = models.both().into_iter().zip(&thinned);
    let rows = named
        .flat_map(|(model, curve)| curve.points.iter().map(move |point| (model.name, point)))
        .map(|(name, point)| row(name, point))
        .collect();
    let points = thinned.map(|curve| curve.points.iter().map(&place).collect());
    Curves { points, farthest, rows }
}

fn said(model: [f64; 2], of: &str, farthest: f64) -> String {
    let [challenger, champion] = model.map(figure);
    format!(
        "{of}: challenger {challenger}, champion {champion}. At most {POINTS_MAX} points of each \
         curve are drawn, the ends and then those farthest from what is drawn; what is left out is \
         within {} of it.",
        super::number::decimals(farthest, 4),
    )
}

fn roc(page: &mut Markup, models: &Models<'_>) {
    let title = "ROC curves";
    let of = models.both().map(|model| {
        let rows = &model.order;
        (roc_curve(rows), roc_auc(rows).unwrap_or(f64::NAN))
    });
    let [(Defined::Yes(first), a), (Defined::Yes(second), b)] = of else {
        let undefined = of.into_iter().find_map(|(curve, _)| match curve {
            Defined::No(undefined) => Some(undefined),
            Defined::Yes(_) => None,
        });
        return nothing(page, title, undefined.unwrap_or(Undefined::NoPositive));
    };
    let thinned = [first, second].map(|points| thin_roc(&points, POINTS_MAX));
    let place = |point: &RocPoint| [point.false_positive_rate, point.true_positive_rate];
    let found = curves(models, thinned, place, |point| point.threshold);
    let description = said([a, b], "Area under the curve, one half being chance", found.farthest);
    let about = Figure { id: "roc", title, description: &description, height: Frame::HEIGHT };
    let head = vec!["Model", "Called positive from", "Share of negatives", "Share of positives"];
    let table = Table { head, rows: found.rows };
    about.write(page, &table, |page| {
        let x = Axis::share("share of negatives called positive");
        let frame = Frame::new(x, Axis::share("share of positives found"));
        frame.draw(page);
        frame.reference(page, [0.0, 0.0], [1.0, 1.0]);
        key(page, models.key());
        for (points, of) in found.points.iter().zip(both()).rev() {
            frame.series(page, points, of);
        }
    });
}

fn precision_recall(page: &mut Markup, models: &Models<'_>) {
    let title = "Precision-recall curves";
    let of = models.both().map(|model| {
        let rows = &model.order;
        (precision_recall_curve(rows), average_precision(rows).unwrap_or(f64::NAN))
    });
    let [(Defined::Yes(first), a), (Defined::Yes(second), b)] = of else {
        return nothing(page, title, Undefined::NoPositive);
    };
    let thinned = [first, second].map(|points| thin_precision_recall(&points, POINTS_MAX));
    let place = |point: &PrecisionRecallPoint| [point.recall, point.precision];
    let found = curves(models, thinned, place, |point| point.threshold);
    let base = models.challenger.forecasts.scored().positive_rate();
    let text = format!("Average precision, {} being chance", figure(base));
    let description = said([a, b], &text, found.farthest);
    let id = "precision-recall";
    let about = Figure { id, title, description: &description, height: Frame::HEIGHT };
    let head = vec!["Model", "Called positive from", "Recall", "Precision"];
    let table = Table { head, rows: found.rows };
    about.write(page, &table, |page| {
        let frame = Frame::new(Axis::share("recall"), Axis::share("precision"));
        frame.draw(page);
        frame.reference(page, [0.0, base], [1.0, base]);
        key(page, models.key());
        for (points, of) in found.points.iter().zip(both()).rev() {
            frame.series(page, points, of);
        }
    });
}

//! Plots: two axes, and marks between them.
//!
//! In: numbers in their own units. Out: shapes of SVG in a space of fixed width, which style scales
//! to the page. What always holds: two series differ in shape, and not in colour alone, and what is
//! not finite is not drawn.

use super::markup::Markup;
use super::number::decimals;

/// How wide every plot is, in its own units.
pub(super) const WIDTH: f64 = 420.0;
pub(super) const LEFT: f64 = 54.0;
const RIGHT: f64 = 408.0;

/// Whose numbers are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Series {
    /// A full line with round marks.
    Challenger,
    /// A broken line with square marks.
    Champion,
}

impl Series {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Challenger => "challenger",
            Self::Champion => "champion",
        }
    }
}

/// A direction of a plot.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Where it has a line and a number.
    pub(super) ticks: Vec<f64>,
    /// How many decimals the numbers have.
    pub(super) decimals: usize,
    /// What it measures.
    pub(super) label: &'static str,
}

impl Axis {
    /// From 0 to 1.
    pub(super) fn share(label: &'static str) -> Self {
        let ticks = vec![0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
        Self { low: 0.0, high: 1.0, ticks, decimals: 1, label }
    }

    /// From one number to another and to the next tick, with steps of 1, 2 or 5.
    pub(super) fn around(low: f64, high: f64, label: &'static str) -> Self {
        let is_fit = low.is_finite() && high.is_finite() && high - low < 1e300;
        let (low, high) = if is_fit { (low, high) } else { (0.0, 1.0) };
        let span = (high - low).max(1e-6 * low.abs().max(high.abs())).max(1e-6);
        let high = high.max(low + span);
        let rough = span / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|by| by * power);
        let step = step.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(rough);
        let first = (low / step + 1e-9).floor();
        let mut ticks = Vec::new();
        let mut at = first;
        while ticks.len() < 12 {
            ticks.push(at * step);
            if at * step >= high - 1e-9 * span {
                break;
            }
            at += 1.0;
        }
        let places = [(1.0, 0), (0.1, 1), (0.01, 2), (0.001, 3)];
        let decimals = places.iter().find(|(unit, _)| step >= unit * 0.999).map_or(4, |at| at.1);
        let high = ticks.last().copied().unwrap_or(high);
        Self { low: first * step, high, ticks, decimals, label }
    }

    fn share_of(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The space between two axes.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Frame {
    pub(super) const HEIGHT: f64 = 320.0;

    /// The usual one, with room for a key above and numbers below.
    pub(super) const fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, top: 44.0, bottom: 272.0 }
    }

    pub(super) fn at_x(&self, value: f64) -> f64 {
        LEFT + self.x.share_of(value) * (RIGHT - LEFT)
    }

    pub(super) fn at_y(&self, value: f64) -> f64 {
        self.bottom - self.y.share_of(value) * (self.bottom - self.top)
    }

    /// Both axes with their lines and numbers.
    pub(super) fn draw(&self, page: &mut Markup) {
        for tick in &self.y.ticks {
            let y = self.at_y(*tick);
            line(page, "grid", [LEFT, y], [RIGHT, y]);
            let text = decimals(*tick, self.y.decimals);
            label(page, "tick end", [LEFT - 6.0, y + 4.0], &text);
        }
        for tick in &self.x.ticks {
            let x = self.at_x(*tick);
            line(page, "grid", [x, self.top], [x, self.bottom]);
            let text = decimals(*tick, self.x.decimals);
            label(page, "tick middle", [x, self.bottom + 17.0], &text);
        }
        line(page, "axis", [LEFT, self.bottom], [RIGHT, self.bottom]);
        line(page, "axis", [LEFT, self.top], [LEFT, self.bottom]);
        let middle = f64::midpoint(LEFT, RIGHT);
        label(page, "label middle", [middle, self.bottom + 38.0], self.x.label);
        let (x, y) = (12.0, f64::midpoint(self.top, self.bottom));
        let turn = format!("rotate(-90 {} {})", at(x), at(y));
        let place = [("class", "label middle"), ("x", &at(x)), ("y", &at(y)), ("transform", &turn)];
        page.leaf("text", &place, self.y.label);
    }

    /// A line through points, with a mark on each if they are few.
    pub(super) fn series(&self, page: &mut Markup, points: &[[f64; 2]], of: Series) {
        let drawn = points.iter().filter(|point| point.iter().all(|number| number.is_finite()));
        let places: Vec<[f64; 2]> = drawn.map(|[x, y]| [self.at_x(*x), self.at_y(*y)]).collect();
        let path: Vec<String> =
            places.iter().map(|[x, y]| format!("{},{}", at(*x), at(*y))).collect();
        let class = format!("curve {}", of.class());
        page.empty("polyline", &[("class", &class), ("points", &path.join(" "))]);
        if places.len() <= 30 {
            for place in places {
                mark(page, place, of);
            }
        }
    }

    /// A thin line from one point to another, such as what chance alone would give.
    pub(super) fn reference(&self, page: &mut Markup, from: [f64; 2], to: [f64; 2]) {
        let place = |[x, y]: [f64; 2]| [self.at_x(x), self.at_y(y)];
        line(page, "reference", place(from), place(to));
    }
}

/// What the two series are, above a plot.
pub(super) fn key(page: &mut Markup, names: [(&str, Series); 2]) {
    for ((name, of), left) in names.into_iter().zip([LEFT, 236.0]) {
        let class = format!("curve {}", of.class());
        let (from, to) = ([left, 18.0], [left + 34.0, 18.0]);
        let points = format!("{},{} {},{}", at(from[0]), at(from[1]), at(to[0]), at(to[1]));
        page.empty("polyline", &[("class", &class), ("points", &points)]);
        mark(page, [left + 17.0, 18.0], of);
        label(page, "label", [left + 41.0, 22.0], &short(name, 22));
    }
}

/// A point.
pub(super) fn mark(page: &mut Markup, [x, y]: [f64; 2], of: Series) {
    let class = format!("mark {}", of.class());
    match of {
        Series::Challenger => {
            page.empty(
                "circle",
                &[("class", &class), ("cx", &at(x)), ("cy", &at(y)), ("r", "3.5")],
            );
        }
        Series::Champion => {
            let (left, top) = (at(x - 3.5), at(y - 3.5));
            let place = [("class", class.as_str()), ("x", &left), ("y", &top)];
            let size = [("width", "7"), ("height", "7")];
            page.empty("rect", &[place.as_slice(), size.as_slice()].concat());
        }
    }
}

/// A straight line.
pub(super) fn line(page: &mut Markup, class: &str, from: [f64; 2], to: [f64; 2]) {
    let [x1, y1, x2, y2] = [from[0], from[1], to[0], to[1]].map(at);
    page.empty("line", &[("class", class), ("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2)]);
}

/// A rectangle from one corner to the opposite one.
pub(super) fn bar(
    page: &mut Markup,
    class: &str,
    fill: Option<&str>,
    from: [f64; 2],
    to: [f64; 2],
) {
    let [x, y] = [from[0].min(to[0]), from[1].min(to[1])].map(at);
    let [width, height] = [(to[0] - from[0]).abs(), (to[1] - from[1]).abs()].map(at);
    let mut attributes = vec![("class", class), ("x", &x), ("y", &y)];
    attributes.extend([("width", width.as_str()), ("height", height.as_str())]);
    attributes.extend(fill.map(|fill| ("fill", fill)));
    page.empty("rect", &attributes);
}

/// Text at a place.
pub(super) fn label(page: &mut Markup, class: &str, [x, y]: [f64; 2], text: &str) {
    page.leaf("text", &[("class", class), ("x", &at(x)), ("y", &at(y))], text);
}

/// A name that fits into a plot.
pub(super) fn short(name: &str, characters_max: usize) -> String {
    if name.chars().count() <= characters_max {
        return name.to_owned();
    }
    name.chars().take(characters_max - 1).chain(['…']).collect()
}

/// A place, to a hundredth of a unit.
pub(super) fn at(place: f64) -> String {
    let text = decimals(place, 2);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_what_it_is_for_and_has_few_round_numbers() {
        for (low, high) in [
            (0.0, 1.0),
            (-0.3, 2.7),
            (0.0, 0.26),
            (-1e-3, 2e-3),
            (0.0, 0.0),
            (5.0, 5.0),
            (-8e5, 1e6),
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
            (1e15, 1e15),
        ] {
            let axis = Axis::around(low, high, "");
            assert!((2..=12).contains(&axis.ticks.len()), "{low} {high} {axis:?}");
            assert!(axis.low < axis.high, "{low} {high} {axis:?}");
            if high.is_finite() && low.is_finite() {
                assert!(axis.low <= low + 1e-9 * low.abs() && axis.high >= high - 1e-9, "{axis:?}");
            }
        }
        assert_eq!(Axis::around(0.0, 0.26, "").ticks.len(), 4);
    }

    #[test]
    fn places_are_short() {
        let found = [0.0, -0.001, 12.0, 120.0, 0.125, 3.499_9].map(at);
        assert_eq!(found, ["0", "0", "12", "120", "0.12", "3.5"]);
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(short("ease", 4), "ease");
        assert_eq!(short("été-long", 4), "été…");
    }
}

//! A chart of lines with both axes logarithmic, as an SVG that reads in black and white.

use std::fmt::Write as _;

/// A named line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// What it shows.
    pub(crate) name: String,
    /// Its points, all above 0.
    pub(crate) points: Vec<(f64, f64)>,
}

/// A chart.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// Its title.
    pub(crate) title: String,
    /// What the horizontal axis counts.
    pub(crate) over: String,
    /// The unit of the vertical axis.
    pub(crate) unit: String,
    /// Its lines.
    pub(crate) lines: Vec<Line>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 56.0;

/// Colours that stay apart for the colour-blind, and dashes that stay apart in print.
const STYLES: [(&str, &str); 5] = [
    ("#0072b2", "none"),
    ("#d55e00", "8 4"),
    ("#009e73", "2 4"),
    ("#000000", "12 4 2 4"),
    ("#cc79a7", "4 4"),
];

/// A range of powers of ten, and where it lies on the sheet.
struct Axis {
    powers: [i32; 2],
    ends: [f64; 2],
}

impl Axis {
    fn over(values: impl Iterator<Item = f64> + Clone, ends: [f64; 2]) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min).log10().floor();
        let most = values.fold(0.0, f64::max).log10().ceil();
        #[expect(clippy::cast_possible_truncation, reason = "the powers of ten of figures")]
        let powers = [least as i32, most as i32];
        Self { powers: [powers[0], powers[1].max(powers[0] + 1)], ends }
    }

    fn place(&self, value: f64) -> f64 {
        let [least, most] = self.powers.map(f64::from);
        let [start, end] = self.ends;
        start + (value.log10() - least) / (most - least) * (end - start)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        (self.powers[0]..=self.powers[1]).map(|power| 10_f64.powi(power))
    }
}

impl Chart {
    /// The chart as an SVG document.
    pub(crate) fn to_svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let across = Axis::over(points().map(|(x, _)| *x), [LEFT, WIDTH - RIGHT]);
        let up = Axis::over(points().map(|(_, y)| *y), [HEIGHT - BOTTOM, TOP]);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n<title>{}</title>\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
             <text x=\"{LEFT}\" y=\"28\" font-size=\"16\">{}</text>\n",
            self.title, self.title
        );
        self.draw_axes(&mut svg, &across, &up);
        let mut labels: Vec<(f64, usize)> = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            draw(&mut svg, line, STYLES[at % STYLES.len()], &across, &up);
            let last = line.points.last().map_or(TOP, |(_, y)| up.place(*y));
            labels.push((last, at));
        }
        labels.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut free = TOP;
        for (wanted, at) in labels {
            let y = wanted.max(free);
            free = y + 16.0;
            let (colour, _) = STYLES[at % STYLES.len()];
            let x = WIDTH - RIGHT + 10.0;
            let name = &self.lines[at].name;
            put(
                &mut svg,
                format_args!(
                    "<text x=\"{x}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
                    y + 4.0
                ),
            );
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn draw_axes(&self, svg: &mut String, across: &Axis, up: &Axis) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in across.ticks() {
            let x = across.place(tick);
            put(svg, format_args!("<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#dddddd\"/>"));
            let y = bottom + 18.0;
            put(
                svg,
                format_args!("<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{tick}</text>"),
            );
        }
        for tick in up.ticks() {
            let y = up.place(tick);
            put(svg, format_args!("<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#dddddd\"/>"));
            let (x, y) = (LEFT - 8.0, y + 4.0);
            put(
                svg,
                format_args!("<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{tick}</text>"),
            );
        }
        let (x, y) = (f64::midpoint(LEFT, right), HEIGHT - 14.0);
        put(
            svg,
            format_args!("<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", self.over),
        );
        let y = f64::midpoint(TOP, bottom);
        put(
            svg,
            format_args!(
                "<text x=\"20\" y=\"{y}\" text-anchor=\"middle\" \
                 transform=\"rotate(-90 20 {y})\">{}</text>",
                self.unit
            ),
        );
    }
}

fn draw(svg: &mut String, line: &Line, (colour, dashes): (&str, &str), across: &Axis, up: &Axis) {
    let places: Vec<String> = line
        .points
        .iter()
        .map(|(x, y)| format!("{:.1},{:.1}", across.place(*x), up.place(*y)))
        .collect();
    put(
        svg,
        format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" \
             stroke-dasharray=\"{dashes}\"/>",
            places.join(" ")
        ),
    );
    for (x, y) in &line.points {
        let (x, y) = (across.place(*x), up.place(*y));
        put(svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"));
    }
}

fn put(svg: &mut String, element: std::fmt::Arguments<'_>) {
    writeln!(svg, "{element}").expect("a string takes everything");
}

//! The report of a training: one page that says whether a new model should take the place of the
//! active one, and why.
//!
//! In: a [`Report`], which holds the held-out rows with the probabilities of both models, and what
//! else is known. Out: one HTML page that needs nothing from elsewhere and no script, and is
//! well-formed XML. What always holds: the same report gives the same bytes; text from outside is
//! escaped; the size of the page depends on the number of signals and not on that of rows; what
//! rows do not define is said in words; every picture has its numbers as a table beneath.
//! Rules and sources of what is shown: `docs/rules/learning.md`.

mod figure;
mod markup;
mod number;
mod order;
mod plot;
mod probabilities;
mod sections;
mod signals;
mod version;

use payme_core::learning::train::{FitIntervals, Matrix};
use payme_core::learning::{
    CalibrationDrift, Conformal, EvaluationError, Forecasts, Groups, LearningError, PrecisionDrift,
    Psi, PsiReference, Scored, Verdict,
};
use payme_core::types::Instant;

pub use self::version::{VersionReport, VersionReportError};

use self::markup::Markup;
use self::number::count;
use self::plot::Series;

/// A model on the held-out rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReportModel<'a> {
    /// The version of its weights; 0 for the defaults.
    pub version: u32,
    /// The probability of each held-out row, in [0, 1].
    pub probabilities: &'a [f64],
    /// What the rows are ordered by, where that tells rows apart that have one probability, as an
    /// isotonic calibration makes them; without it, the probabilities.
    pub ranks: Option<&'a [f64]>,
}

/// How many rows took part, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportCounts {
    /// Samples of the export, those without a label included.
    pub samples: usize,
    /// Those with a label.
    pub labelled: usize,
    /// Rows that weights were fitted to.
    pub trained: usize,
    /// Rows that the calibration, and the decisions, were fitted to.
    pub calibrated: usize,
}

/// The signals that weights were trained on, and those of now.
#[derive(Debug, Clone, Copy)]
pub struct ReportDrift<'a> {
    /// The bins of each signal, as of training; `None` of one that had too few values.
    pub references: &'a [Option<PsiReference>],
    /// The signals of the rows of now, one column each.
    pub now: Matrix<'a>,
}

/// Everything that a report is made of. What is `None` is said to be unknown.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The title of the page.
    pub title: &'a str,
    /// When the report was made.
    pub made_at: Instant,
    /// How the held-out rows were chosen, in a few words, such as "by user, one in five".
    pub split: &'a str,
    /// What the split, and the draws of this report, follow from.
    pub seed: u64,
    /// How many rows took part.
    pub counts: ReportCounts,
    /// The labels of the held-out rows.
    pub labels: &'a [bool],
    /// Which of the held-out rows are of one user.
    pub users: &'a Groups,
    /// The active model, scored again on these rows.
    pub champion: ReportModel<'a>,
    /// The new model.
    pub challenger: ReportModel<'a>,
    /// The names of the signals, in the order of the weights.
    pub signals: &'a [&'a str],
    /// The weights of the challenger and the intercept, with their intervals.
    pub weights: &'a FitIntervals,
    /// How the signals were and are.
    pub drift: Option<ReportDrift<'a>>,
    /// Whether precision has fallen since the active model was promoted.
    pub precision_drift: Option<PrecisionDrift>,
    /// Whether probabilities are still what they say.
    pub calibration_drift: Option<CalibrationDrift>,
    /// When the challenger shows, asks and hides.
    pub conformal: Option<Conformal>,
    /// Whether the challenger is promoted, and why.
    pub verdict: Option<&'a Verdict>,
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReportError {
    /// The held-out rows, or the signals of now, cannot be measured.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// There is not one of something for each signal.
    #[error("there are {found} {what} for {signals} signals: give one for each")]
    Signals {
        /// What there is another number of.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many signals have a name.
        signals: usize,
    },
}

impl From<LearningError> for ReportError {
    fn from(error: LearningError) -> Self {
        Self::Evaluation(error.into())
    }
}

impl ReportError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Evaluation(error) => error.code(),
            Self::Signals { .. } => "report_signals",
        }
    }
}

/// A model with its name and its rows.
struct Named<'a> {
    name: &'static str,
    version: u32,
    forecasts: Forecasts<'a>,
    /// The same rows as they are ordered.
    order: Scored<'a>,
    series: Series,
    /// Name and version, for keys.
    label: String,
}

impl<'a> Named<'a> {
    fn new(
        name: &'static str,
        labels: &'a [bool],
        model: ReportModel<'a>,
        series: Series,
    ) -> Result<Self, ReportError> {
        let ReportModel { version, probabilities, ranks } = model;
        let forecasts = Forecasts::new(labels, probabilities)?;
        let order = Scored::new(labels, ranks.unwrap_or(probabilities))?;
        let label = format!("{name} (version {version})");
        Ok(Self { name, version, forecasts, order, series, label })
    }

    /// The ids of the two figures that there are of each model.
    const fn ids(&self) -> [&'static str; 2] {
        match self.series {
            Series::Challenger => ["reliability-challenger", "histogram-challenger"],
            Series::Champion => ["reliability-champion", "histogram-champion"],
        }
    }
}

/// Both models.
struct Models<'a> {
    challenger: Named<'a>,
    champion: Named<'a>,
}

impl<'a> Models<'a> {
    const fn both(&self) -> [&Named<'a>; 2] {
        [&self.challenger, &self.champion]
    }

    fn key(&self) -> [(&str, Series); 2] {
        self.both().map(|model| (model.label.as_str(), model.series))
    }
}

impl Report<'_> {
    /// Writes the page.
    ///
    /// It takes a few sorts of the held-out rows, and twenty looks at each user.
    ///
    /// # Errors
    /// [`ReportError::Evaluation`] for held-out rows that cannot be measured (none, other lengths,
    /// no probabilities, groups of other rows) and for signals that cannot be compared;
    /// [`ReportError::Signals`] where there is not one weight, reference or column for each name.
    /// ```
    /// use payme::learning::Groups;
    /// use payme::learning::train::{Estimate, FitIntervals, Interval};
    /// use payme::report::{Report, ReportCounts, ReportModel};
    /// use payme::types::Instant;
    ///
    /// let interval = Ok(Interval { standard_error: 0.3, low: 0.4, high: 1.6 });
    /// let weights = FitIntervals {
    ///     confidence: 0.95,
    ///     coefficients: vec![Estimate { value: 1.0, interval }],
    ///     intercept: None,
    /// };
    /// let model = |version, probabilities| ReportModel { version, probabilities, ranks: None };
    /// let report = Report {
    ///     title: "Training of <today>",
    ///     made_at: Instant::EPOCH,
    ///     split: "by user, one in five",
    ///     seed: 7,
    ///     counts: ReportCounts::default(),
    ///     labels: &[true, false, true, false],
    ///     users: &Groups::of_sizes([2, 2]),
    ///     champion: model(0, &[0.5, 0.5, 0.25, 0.5]),
    ///     challenger: model(1, &[0.75, 0.5, 0.75, 0.25]),
    ///     signals: &["similarity"],
    ///     weights: &weights,
    ///     drift: None,
    ///     precision_drift: None,
    ///     calibration_drift: None,
    ///     conformal: None,
    ///     verdict: None,
    /// };
    /// let page = report.to_html()?;
    /// assert!(page.contains("<h1>Training of &lt;today&gt;</h1>"));
    /// # Ok::<(), payme::report::ReportError>(())
    /// ```
    pub fn to_html(&self) -> Result<String, ReportError> {
        let models = self.models()?;
        let measures = sections::measured(&models, self.users, self.seed)?;
        let moved = self.moved()?;
        let mut page = Markup::page();
        // What fails inside of nested calls is kept until they have ended.
        let mut outcome = Ok(());
        page.element("html", &[("lang", "en")], |page| {
            page.element("head", &[], |page| self.head(page));
            page.element("body", &[], |page| {
                page.leaf("a", &[("class", "skip"), ("href", "#verdict")], "Skip to the verdict");
                sections::header(page, self, &models);
                page.element("main", &[], |page| {
                    outcome = self.main(page, &models, &measures, moved.as_deref());
                });
            });
        });
        outcome.map(|()| page.finish())
    }

    fn head(&self, page: &mut Markup) {
        page.empty("meta", &[("charset", "utf-8")]);
        let policy = "default-src 'none'; style-src 'unsafe-inline'";
        let policy = [("http-equiv", "Content-Security-Policy"), ("content", policy)];
        page.empty("meta", &policy);
        let wide = "width=device-width, initial-scale=1";
        page.empty("meta", &[("name", "viewport"), ("content", wide)]);
        page.empty("meta", &[("name", "color-scheme"), ("content", "light dark")]);
        page.leaf("title", &[], self.title);
        page.style(include_str!("style.css"));
    }

    fn main(
        &self,
        page: &mut Markup,
        models: &Models<'_>,
        measures: &sections::Measures,
        moved: Option<&[Option<Psi>]>,
    ) -> Result<(), ReportError> {
        let mut outcome = Ok(());
        sections::verdict(page, self.verdict, models);
        sections::measures(page, measures);
        sections::section(page, "probabilities", "Whether the probabilities are true", |page| {
            page.element("div", &[("class", "figures")], |page| {
                for model in models.both() {
                    if outcome.is_ok() {
                        outcome = probabilities::write(page, model, self.seed);
                    }
                }
            });
        });
        sections::section(page, "order", "Whether the order is good", |page| {
            page.element("div", &[("class", "figures")], |page| {
                if outcome.is_ok() {
                    outcome = order::write(page, models, self.users);
                }
            });
        });
        sections::section(page, "signals", "Signals and drift", |page| {
            page.element("div", &[("class", "figures")], |page| {
                signals::weights(page, self.signals, self.weights);
                match moved {
                    Some(moved) => signals::drift(page, self.signals, moved),
                    None => sections::unknown(page, "Drift of the signals"),
                }
            });
            sections::drift(page, self.precision_drift.as_ref(), self.calibration_drift.as_ref());
        });
        sections::decisions(page, self.conformal.as_ref(), &models.challenger);
        sections::about(page, self);
        outcome
    }

    fn models(&self) -> Result<Models<'_>, ReportError> {
        let fits = |what, found: usize| {
            let signals = self.signals.len();
            let error = ReportError::Signals { what, found, signals };
            if found == signals { Ok(()) } else { Err(error) }
        };
        fits("weights", self.weights.coefficients.len())?;
        if let Some(drift) = self.drift {
            fits("references", drift.references.len())?;
            fits("columns", drift.now.columns())?;
        }
        Ok(Models {
            challenger: Named::new("challenger", self.labels, self.challenger, Series::Challenger)?,
            champion: Named::new("champion", self.labels, self.champion, Series::Champion)?,
        })
    }

    /// How far each signal has moved, where that is known.
    fn moved(&self) -> Result<Option<Vec<Option<Psi>>>, ReportError> {
        let Some(ReportDrift { references, now }) = self.drift else { return Ok(None) };
        let psi = |(column, reference): (usize, &Option<PsiReference>)| {
            let Some(reference) = reference else { return Ok(None) };
            let values: Vec<f64> = (0..now.rows()).filter_map(|row| now.get(row, column)).collect();
            reference.psi(&values).map(Some)
        };
        let moved: Result<Vec<_>, EvaluationError> =
            references.iter().enumerate().map(psi).collect();
        Ok(Some(moved?))
    }

    /// Held-out rows and users, in words.
    fn held_out(&self) -> String {
        let [rows, users] = [self.labels.len(), self.users.len()].map(count);
        format!("{rows} rows of {users} users")
    }
}

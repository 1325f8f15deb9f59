//! What can be asked of a fit, what it gives, and why it is refused.

/// How much the two classes count.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum ClassWeights {
    /// Alike.
    #[default]
    Equal,
    /// Each class as much as the other: rows / (2 rows of the class), by their weights.
    Balanced,
    /// As said.
    Given {
        /// The weight of rows with the label 0.
        negative: f64,
        /// The weight of rows with the label 1.
        positive: f64,
    },
}

/// Between which numbers a coefficient has to stay, each of them allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

impl Bounds {
    /// Every number.
    pub const NONE: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };
    /// From 0 on.
    pub const NOT_NEGATIVE: Self = Self { low: 0.0, high: f64::INFINITY };
}

/// How weights are fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct FitOptions {
    /// The strength of the squared penalty, from 0 on: `1 / C` of scikit-learn.
    pub l2: f64,
    /// The strength of the absolute penalty, from 0 on.
    pub l1: f64,
    /// Whether there is an intercept.
    pub has_intercept: bool,
    /// How much the classes count.
    pub class_weights: ClassWeights,
    /// Whether penalties are on coefficients of columns scaled to unit spread.
    pub standardise: bool,
    /// Between which numbers the coefficients have to stay, one for each column; none without
    /// entries.
    pub bounds: Vec<Bounds>,
    /// Where to begin: the coefficients, and the intercept if there is one; at zero without
    /// entries.
    pub start: Vec<f64>,
    /// The fit has converged once no entry of the mean gradient, over columns scaled to unit
    /// spread, is greater than this.
    pub tolerance: f64,
    /// So many steps are made at most.
    pub iterations_max: u32,
}

impl Default for FitOptions {
    /// `l2` of 1, an intercept, a tolerance of 1e-9, 100 steps.
    fn default() -> Self {
        Self {
            l2: 1.0,
            l1: 0.0,
            has_intercept: true,
            class_weights: ClassWeights::Equal,
            standardise: false,
            bounds: Vec::new(),
            start: Vec::new(),
            tolerance: 1e-9,
            iterations_max: 100,
        }
    }
}

/// How a fit ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Convergence {
    /// Whether the gradient is within the tolerance.
    pub is_converged: bool,
    /// How many steps were made over all rows.
    pub iterations: u32,
    /// The greatest entry of the mean gradient, over columns scaled to unit spread.
    pub gradient_max: f64,
    /// The loss of all rows with the penalties, as a sum.
    pub objective: f64,
    /// Columns that others determine; their coefficients are as they began.
    pub aliased: Vec<usize>,
}

/// Fitted weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// A weight for each column.
    pub coefficients: Vec<f64>,
    /// What is added to the weighted sum; 0 where there is no intercept.
    pub intercept: f64,
    /// How the fit ended.
    pub convergence: Convergence,
}

/// Why nothing can be learnt.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrainError {
    /// There are no rows, or no columns.
    #[error("there is nothing to learn from: no rows or no columns")]
    Empty,
    /// Lengths do not fit together.
    #[error("{found} {what} do not fit {rows} rows")]
    Shape {
        /// What does not fit.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many rows there are.
        rows: usize,
    },
    /// A feature is infinite or not a number.
    #[error("the feature in row {row}, column {column} (both from 0) is NaN or infinite")]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// The column, from 0.
        column: usize,
    },
    /// A weight is negative or not finite.
    #[error("the weight of row {row} (from 0) is not a finite number from 0 on")]
    Weight {
        /// The row, from 0.
        row: usize,
    },
    /// An offset is not finite.
    #[error("the offset of row {row} (from 0) is not a finite number")]
    Offset {
        /// The row, from 0.
        row: usize,
    },
    /// Every row that counts has the same label.
    #[error("every row that counts has the label {}: nothing to tell apart", u8::from(*.0))]
    OneClass(bool),
    /// The classes can be told apart without a mistake, so that no finite weights are best.
    #[error(
        "the classes can be told apart without a mistake: no finite weights are best; \
         ask for a penalty"
    )]
    Separable,
    /// There are more columns than can be fitted.
    #[error("{found} columns are more than the {max} that can be fitted")]
    TooWide {
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// Features are so large that their sums are not finite.
    #[error("the features are too large for their sums: scale them")]
    Overflow,
    /// This trainer cannot do what was asked for; another one can.
    #[error("{trainer} cannot fit with {option}: ask another trainer")]
    Unsupported {
        /// The trainer.
        trainer: &'static str,
        /// What it cannot do.
        option: &'static str,
    },
    /// The search of a trainer broke off without weights.
    #[error("{trainer} broke off: {problem}")]
    BrokeOff {
        /// The trainer.
        trainer: &'static str,
        /// What it says.
        problem: String,
    },
    /// An option makes no sense.
    #[error("{option} {problem}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl TrainError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "train_empty",
            Self::Shape { .. } => "train_shape",
            Self::NotFinite { .. } => "train_not_finite",
            Self::Weight { .. } => "train_weight",
            Self::Offset { .. } => "train_offset",
            Self::OneClass(_) => "train_one_class",
            Self::Separable => "train_separable",
            Self::TooWide { .. } => "train_too_wide",
            Self::Overflow => "train_overflow",
            Self::Unsupported { .. } => "train_unsupported",
            Self::BrokeOff { .. } => "train_broke_off",
            Self::Option { .. } => "train_option",
        }
    }
}

impl FitOptions {
    /// Holds the options against the number of columns.
    pub(super) fn check(&self, columns: usize) -> Result<(), TrainError> {
        let strength = |option, value: f64| {
            let problem = "has to be a finite number from 0 on";
            let is_fit = value.is_finite() && value >= 0.0;
            if is_fit { Ok(()) } else { Err(TrainError::Option { option, problem }) }
        };
        strength("l2", self.l2)?;
        strength("l1", self.l1)?;
        strength("tolerance", self.tolerance)?;
        if let ClassWeights::Given { negative, positive } = self.class_weights {
            strength("the weight of the negative class", negative)?;
            strength("the weight of the positive class", positive)?;
        }
        let unfit = |option, problem| Err(TrainError::Option { option, problem });
        if ![0, columns].contains(&self.bounds.len()) {
            return unfit("bounds", "have to be one for each column, or none");
        }
        // Zero has to be inside: a fit begins there.
        let is_fit = |bound: &Bounds| bound.low <= 0.0 && bound.high >= 0.0;
        if !self.bounds.iter().all(is_fit) {
            return unfit("bounds", "have to be numbers with 0 between them");
        }
        if ![0, columns + usize::from(self.has_intercept)].contains(&self.start.len()) {
            return unfit("start", "has to be a number for each column and the intercept, or none");
        }
        if !self.start.iter().all(|number| number.is_finite()) {
            return unfit("start", "has to be of finite numbers");
        }
        let outside =
            |(number, bound): (&f64, &Bounds)| *number < bound.low || *number > bound.high;
        if self.start.iter().zip(&self.bounds).any(outside) {
            return unfit("start", "has to be within the bounds");
        }
        Ok(())
    }

    pub(super) fn is_penalised(&self) -> bool {
        self.l2 > 0.0 || self.l1 > 0.0
    }
}

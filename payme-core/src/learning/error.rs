//! Why rows cannot be measured or fitted.

/// Why rows or parameters are refused. Carries places and counts, and nothing of a person.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum LearningError {
    /// There is no row. A measure of nothing is not 0.
    #[error("there are no rows: give at least one")]
    Empty,
    /// Two columns that belong together have different lengths.
    #[error("there are {found} {column} for {expected} labels: give one for each")]
    Length {
        /// What the other column holds.
        column: &'static str,
        /// How many labels there are.
        expected: usize,
        /// How many entries the other column has.
        found: usize,
    },
    /// A label is neither 0 nor 1.
    #[error("label {index} (counted from 0) is neither 0 nor 1")]
    Label {
        /// Its place, from 0.
        index: usize,
    },
    /// A score is NaN or infinite.
    #[error("score {index} (counted from 0) is {fault}: give finite numbers")]
    Score {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        fault: Fault,
    },
    /// A score is no probability where one is needed.
    #[error("score {index} (counted from 0) is {fault}: a probability is in [0, 1]")]
    Probability {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        fault: Fault,
    },
    /// A weight is not usable.
    #[error("weight {index} (counted from 0) is {fault}: a weight is 0 or in [1e-100, 1e100]")]
    Weight {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        fault: Fault,
    },
    /// All weights are 0.
    #[error("every weight is 0: nothing is left to measure")]
    WeightsZero,
    /// A gain is not usable.
    #[error("gain {index} (counted from 0) is {fault}: a gain is finite and not negative")]
    Gain {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        fault: Fault,
    },
    /// The number of bins cannot be.
    #[error("{bins} bins: give 1 to 65536")]
    Bins {
        /// What was given.
        bins: usize,
    },
    /// The first 0 results cannot be judged.
    #[error("k is 0: give how many of the first results count, from 1")]
    TopZero,
    /// The groups are of another number of rows.
    #[error("the groups hold {found} rows, the scores {expected}")]
    Groups {
        /// How many rows are measured.
        expected: usize,
        /// How many rows the groups hold.
        found: usize,
    },
    /// All rows that have a weight are of one class, so nothing can be fitted.
    #[error("every label is {}: a fit needs both classes", u8::from(*.positive))]
    OneClass {
        /// Whether that class is 1.
        positive: bool,
    },
    /// There are fewer rows than the fit has parameters.
    #[error("{rows} rows are too few: this fit needs {rows_min}")]
    TooFew {
        /// How many rows have a weight.
        rows: usize,
        /// How many the fit needs.
        rows_min: usize,
    },
    /// A score is too large for arithmetic with its square.
    #[error("score {index} (counted from 0) is beyond 1e100: scale the scores first")]
    ScoreLarge {
        /// Its place, from 0.
        index: usize,
    },
    /// An error rate is not between 0 and 1.
    #[error("an error rate is above 0 and below 1")]
    ErrorRate,
    /// A promise about every row cannot be made from weighted rows.
    #[error("conformal prediction takes rows as they were drawn: leave the weights away")]
    Weighted,
}

/// What is wrong with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not a number.
    NotANumber,
    /// Positive or negative infinity.
    Infinite,
    /// Below the least that is allowed.
    TooSmall,
    /// Above the most that is allowed.
    TooLarge,
}

impl Fault {
    /// What is wrong with a number that is outside of a range.
    pub(super) fn of(value: f64, least: f64) -> Self {
        if value.is_nan() {
            Self::NotANumber
        } else if value.is_infinite() {
            Self::Infinite
        } else if value < least {
            Self::TooSmall
        } else {
            Self::TooLarge
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "NaN",
            Self::Infinite => "infinite",
            Self::TooSmall => "too small",
            Self::TooLarge => "too large",
        })
    }
}

impl LearningError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "rows_empty",
            Self::Length { .. } => "rows_length",
            Self::Label { .. } => "label_invalid",
            Self::Score { .. } => "score_not_finite",
            Self::Probability { .. } => "probability_invalid",
            Self::Weight { .. } => "weight_invalid",
            Self::WeightsZero => "weights_zero",
            Self::Gain { .. } => "gain_invalid",
            Self::Bins { .. } => "bins_out_of_range",
            Self::TopZero => "top_zero",
            Self::Groups { .. } => "groups_length",
            Self::OneClass { .. } => "fit_one_class",
            Self::TooFew { .. } => "fit_too_few",
            Self::ScoreLarge { .. } => "fit_score_large",
            Self::ErrorRate => "error_rate_out_of_range",
            Self::Weighted => "conformal_weighted",
        }
    }

    /// The row it is about, counted from 0, if it is about one.
    pub const fn index(&self) -> Option<usize> {
        match self {
            Self::Label { index }
            | Self::Score { index, .. }
            | Self::Probability { index, .. }
            | Self::Weight { index, .. }
            | Self::Gain { index, .. }
            | Self::ScoreLarge { index } => Some(*index),
            Self::Empty
            | Self::Length { .. }
            | Self::WeightsZero
            | Self::Bins { .. }
            | Self::TopZero
            | Self::Groups { .. }
            | Self::OneClass { .. }
            | Self::TooFew { .. }
            | Self::ErrorRate
            | Self::Weighted => None,
        }
    }
}

//! A measure that some rows do not define.

/// The value of a measure, or why the rows do not define one.
///
/// That all rows are of one class is nothing wrong with them, so it is no error; nor is it 0, nor
/// one half.
/// ```
/// use payme_core::learning::{Defined, Scored, Undefined, roc_auc};
///
/// let one_class = Scored::new(&[true, true], &[0.25, 0.75])?;
/// assert_eq!(roc_auc(&one_class), Defined::No(Undefined::NoNegative));
/// assert_eq!(roc_auc(&one_class).value(), None);
/// assert_eq!(roc_auc(&one_class).unwrap_or(0.5), 0.5);
/// # Ok::<(), payme_core::learning::LearningError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub enum Defined<T> {
    /// The measure has this value.
    Yes(T),
    /// The rows do not define it.
    No(Undefined),
}

/// Why rows do not define a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undefined {
    /// No row that counts is positive.
    NoPositive,
    /// No row that counts is negative.
    NoNegative,
}

impl<T> Defined<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Yes(value) => Some(value),
            Self::No(_) => None,
        }
    }

    /// The value, or a stand-in of the caller's choice.
    pub fn unwrap_or(self, stand_in: T) -> T {
        self.value().unwrap_or(stand_in)
    }

    /// Whether there is a value.
    pub const fn is_defined(&self) -> bool {
        matches!(self, Self::Yes(_))
    }
}

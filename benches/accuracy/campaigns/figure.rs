//! A figure of a campaign, and the bound it is held to.

/// How large a campaign is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// Within seconds: what the tests run.
    Small,
    /// What the documentation tells.
    Full,
}

/// What a figure has to keep to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// At least so much.
    AtLeast(f64),
    /// At most so much.
    AtMost(f64),
    /// It is told, and held to nothing.
    Told,
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// What was measured, with its unit last.
    pub(crate) name: &'static str,
    /// The measured value.
    pub(crate) value: f64,
    /// How many cases it is made of.
    pub(crate) cases: usize,
    /// What it has to keep to.
    pub(crate) bound: Bound,
}

impl Figure {
    /// A share of cases that went right.
    pub(crate) fn share(name: &'static str, right: usize, cases: usize, bound: Bound) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "campaigns have fewer than 2^53 cases")]
        let value = if cases == 0 { 0.0 } else { right as f64 / cases as f64 };
        Self { name, value, cases, bound }
    }

    /// Whether it keeps to its bound. A figure of no cases keeps to none.
    pub(crate) fn holds(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.cases > 0 && self.value >= least,
            Bound::AtMost(most) => self.cases > 0 && self.value <= most,
            Bound::Told => true,
        }
    }
}

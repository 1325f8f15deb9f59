//! How a calibration is written as JSON.
//!
//! In and out: an object with the member `kind` and the parameters by name. Unknown members and
//! parameters that are none of a calibration are refused.

use serde::{Deserialize, Serialize};

use super::{Beta, Calibration, CalibrationError, Isotonic, Platt, Temperature};

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Stored {
    Identity {},
    Platt { slope: f64, intercept: f64 },
    Temperature { inverse_temperature: f64 },
    Isotonic { scores: Vec<f64>, values: Vec<f64> },
    Beta { a: f64, b: f64, c: f64 },
}

impl Calibration {
    /// Reads what was stored. No message repeats a text of it.
    pub(in crate::ranking) fn from_value(
        value: &serde_json::Value,
    ) -> Result<Self, CalibrationError> {
        let what = "it has a `kind` (identity, platt, temperature, isotonic or beta) and the \
                    parameters of it";
        Stored::deserialize(value).map_err(|_| CalibrationError { what })?.try_into()
    }
}

impl TryFrom<Stored> for Calibration {
    type Error = CalibrationError;

    fn try_from(stored: Stored) -> Result<Self, CalibrationError> {
        match stored {
            Stored::Identity {} => Ok(Self::Identity),
            Stored::Platt { slope, intercept } => Platt::new(slope, intercept).map(Self::Platt),
            Stored::Temperature { inverse_temperature } => {
                Temperature::new(inverse_temperature).map(Self::Temperature)
            }
            Stored::Isotonic { scores, values } => {
                Isotonic::new(scores, values).map(Self::Isotonic)
            }
            Stored::Beta { a, b, c } => Beta::new(a, b, c).map(Self::Beta),
        }
    }
}

impl From<Calibration> for Stored {
    fn from(calibration: Calibration) -> Self {
        match calibration {
            Calibration::Identity => Self::Identity {},
            Calibration::Platt(platt) => {
                Self::Platt { slope: platt.slope(), intercept: platt.intercept() }
            }
            Calibration::Temperature(temperature) => {
                Self::Temperature { inverse_temperature: temperature.inverse_temperature() }
            }
            Calibration::Isotonic(isotonic) => {
                let (scores, values) = isotonic.bends();
                Self::Isotonic { scores: scores.to_vec(), values: values.to_vec() }
            }
            Calibration::Beta(beta) => {
                let [a, b, c] = beta.parameters();
                Self::Beta { a, b, c }
            }
        }
    }
}

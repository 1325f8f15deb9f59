//! The native part of the Python package `payme`: conversions and nothing else.
//!
//! In: NumPy arrays, Arrow tables, JSON, a database. Out: numbers, arrays, Arrow tables, JSON.
//! Rules are those of `payme-core`, databases those of `payme-adapters`; names, defaults and
//! documentation for people stand in `python/payme/`, which also brings arrays into the few types
//! that are taken here. What always holds: arrays are read where they lie, the interpreter is free
//! while the core works, and every failure is an exception of `payme.errors` with a stable code.

mod calibration;
mod catalog;
mod engine;
mod error;
mod learn;
mod metrics;
mod people;
mod rows;
mod table;
mod train;

/// The native module.
#[pyo3::pymodule]
mod _payme {
    #[pymodule_export]
    use crate::calibration::{Calibration, fit_beta, fit_isotonic, fit_platt, fit_temperature};
    #[pymodule_export]
    use crate::catalog::Catalog;
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::learn::train_ranker;
    #[pymodule_export]
    use crate::metrics::{
        average_precision, bootstrap_difference, brier_decomposition, brier_score,
        calibration_error, corp_decomposition, expected_error, log_loss, ndcg, ndcg_per_user,
        precision_at_k, precision_of_users, precision_per_user, precision_recall_curve,
        reliability_bins, report, roc_auc, roc_curve,
    };
    #[pymodule_export]
    use crate::table::Matches;
    #[pymodule_export]
    use crate::train::{fit_logistic, probabilities, scores};
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "it is the name that Python looks for")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}

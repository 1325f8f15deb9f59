//! An open database, and what people match in it.
//!
//! In: the address of a database, JSON, ids and settings. Out: JSON in the form that the command
//! writes. The driver of the adapters does it all, as for the command; the interpreter is free
//! meanwhile, and several threads may ask at once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use payme_adapters::driver::{BatchProgress, Driver, MatchOptions};
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{CountedRandom, FixedClock, SystemClock, SystemRandom};
use payme_core::catalog::{Settlement, parse_settlements};
use payme_core::evidence::parse_features;
use payme_core::ports::{Clock, Random, Store};
use payme_core::types::json::{Coded, Refusal, Rows};
use payme_core::types::{Instant, SettlementId, UserId};
use pyo3::prelude::*;
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::catalog::{Refused, Settings, instant, refused};
use crate::error::Failure;

/// An open database.
#[pyclass(frozen, module = "payme._payme")]
pub(crate) struct Engine {
    runtime: Runtime,
    store: SqliteStore,
    random: Arc<dyn Random>,
    /// What stands for the present where a call does not say.
    now: Option<Instant>,
    is_closed: AtomicBool,
}

/// What an import did, unless rows were refused and nothing was taken; and the refused rows.
type Imported = (Option<String>, Vec<Refused>);

#[pymethods]
impl Engine {
    /// Opens a database, making it if it is not there.
    #[staticmethod]
    #[pyo3(signature = (url, now, seed))]
    fn open(py: Python<'_>, url: &str, now: Option<&str>, seed: Option<u64>) -> PyResult<Self> {
        let opened = py.detach(|| {
            let now = now.map(instant).transpose()?;
            let random: Arc<dyn Random> = match seed {
                Some(seed) => Arc::new(CountedRandom::new(seed)),
                None => Arc::new(SystemRandom::default()),
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime =
                runtime.map_err(|error| Failure::database("runtime", error.to_string()))?;
            let store = runtime.block_on(SqliteStore::open(url)).map_err(Failure::from)?;
            let engine = Self { runtime, store, random, now, is_closed: AtomicBool::new(false) };
            engine.runtime.block_on(engine.driver(None).up_to_date()).map_err(Failure::from)?;
            Ok::<_, Failure>(engine)
        });
        Ok(opened?)
    }

    /// Takes in a settlement file.
    fn import_settlements(
        &self,
        py: Python<'_>,
        text: &[u8],
        keep_going: bool,
        now: Option<&str>,
    ) -> PyResult<Imported> {
        self.import(
            py,
            || parse_settlements(text),
            keep_going,
            now,
            async |driver, taken| driver.import_settlements(taken).await,
        )
    }

    /// Takes in a features file.
    fn import_features(
        &self,
        py: Python<'_>,
        text: &[u8],
        keep_going: bool,
        now: Option<&str>,
    ) -> PyResult<Imported> {
        self.import(
            py,
            || parse_features(text),
            keep_going,
            now,
            async |driver, taken| driver.import_features(taken).await,
        )
    }

    /// Matches one person, and stores the run.
    #[expect(clippy::needless_pass_by_value, reason = "this is how a dictionary is read")]
    fn match_user(&self, py: Python<'_>, user: &str, settings: Settings) -> PyResult<String> {
        self.ask(py, &settings, async |driver, options| {
            let matched = driver.match_stored_user(id(user, "user_id")?, &options).await?;
            written(&driver.shown(matched).await?.to_json())
        })
    }

    /// Matches everybody, and stores the runs.
    #[expect(clippy::needless_pass_by_value, reason = "this is how a dictionary is read")]
    #[pyo3(signature = (settings, restart, progress))]
    fn match_all(
        &self,
        py: Python<'_>,
        settings: Settings,
        restart: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<String> {
        let told = Told::new(progress);
        let report = self.ask(py, &settings, async |driver, options| {
            let show = |at: BatchProgress| told.tell(at);
            match told.unless_stopped(driver.match_everybody(&options, restart, show)).await {
                Some(report) => written(&report?),
                None => Ok(String::new()),
            }
        });
        told.finish(report)
    }

    /// Who qualifies for a stored settlement.
    #[expect(clippy::needless_pass_by_value, reason = "this is how a dictionary is read")]
    fn reverse(&self, py: Python<'_>, settlement: &str, settings: Settings) -> PyResult<String> {
        self.ask(py, &settings, async |driver, options| {
            let settlement = id(settlement, "settlement_id")?;
            written(&driver.reverse_stored(settlement, &options, |_| ()).await?)
        })
    }

    /// Who qualifies for settlements that were just announced, which are not stored.
    #[expect(clippy::needless_pass_by_value, reason = "this is how a dictionary is read")]
    fn reverse_announced(
        &self,
        py: Python<'_>,
        text: &[u8],
        settings: Settings,
    ) -> PyResult<(Option<String>, Vec<Refused>)> {
        let Rows { taken, refused: rows } =
            py.detach(|| parse_settlements(text)).map_err(Failure::from)?;
        if !rows.is_empty() {
            return Ok((None, rows.into_iter().map(refused).collect()));
        }
        let taken: Vec<Settlement> = taken;
        let found = self.ask(py, &settings, async |driver, options| {
            written(&driver.reverse(taken, &options, |_| ()).await?)
        });
        Ok((Some(found?), Vec::new()))
    }

    /// Why a settlement matches a person, or why not.
    #[expect(clippy::needless_pass_by_value, reason = "this is how a dictionary is read")]
    fn explain(
        &self,
        py: Python<'_>,
        user: &str,
        settlement: &str,
        settings: Settings,
    ) -> PyResult<String> {
        self.ask(py, &settings, async |driver, options| {
            let (user, settlement): (UserId, SettlementId) =
                (id(user, "user_id")?, id(settlement, "settlement_id")?);
            written(&driver.explain_stored(user, settlement, &options).await?)
        })
    }

    /// Closes the database, after which its file stands alone; again, it does nothing.
    fn close(&self, py: Python<'_>) {
        if !self.is_closed.swap(true, Ordering::SeqCst) {
            py.detach(|| self.runtime.block_on(self.store.close()));
        }
    }

    /// Whether it was closed.
    #[getter]
    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }
}

impl Engine {
    fn driver(&self, now: Option<Instant>) -> Driver {
        let clock: Arc<dyn Clock> = match now.or(self.now) {
            Some(now) => Arc::new(FixedClock(now)),
            None => Arc::new(SystemClock),
        };
        let store: Arc<dyn Store> = Arc::new(self.store.clone());
        Driver::new(store, clock, Arc::clone(&self.random))
    }

    fn need_open(&self) -> Result<(), Failure> {
        if self.is_closed() {
            return Err(Failure::database("engine_closed", "this engine is closed: open another"));
        }
        Ok(())
    }

    /// What `work` says with a driver and options.
    fn ask<T: Send>(
        &self,
        py: Python<'_>,
        settings: &Settings,
        work: impl AsyncFnOnce(Driver, MatchOptions) -> Result<T, Failure> + Send,
    ) -> PyResult<T> {
        Ok(py.detach(|| {
            self.need_open()?;
            let (options, now) = settings.options()?;
            self.runtime.block_on(work(self.driver(now), options))
        })?)
    }

    /// Takes in the rows of a file, unless some are wrong and it is not to keep going.
    fn import<T: Send, R: Serialize, E>(
        &self,
        py: Python<'_>,
        parse: impl FnOnce() -> Result<Rows<T>, Refusal> + Send,
        keep_going: bool,
        now: Option<&str>,
        work: impl AsyncFnOnce(Driver, Vec<T>) -> Result<R, E> + Send,
    ) -> PyResult<Imported>
    where
        Failure: From<E>,
    {
        Ok(py.detach(|| {
            self.need_open()?;
            let now = now.map(instant).transpose()?;
            let Rows { taken, refused: rows } = parse()?;
            let is_taken = rows.is_empty() || keep_going;
            let rows = rows.into_iter().map(refused).collect();
            if !is_taken {
                return Ok((None, rows));
            }
            let report = self.runtime.block_on(work(self.driver(now), taken))?;
            Ok::<_, Failure>((Some(written(&report)?), rows))
        })?)
    }
}

fn written(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|error| Failure::input("malformed_json", error.to_string()))
}

fn id<T: std::str::FromStr<Err: Coded>>(text: &str, name: &str) -> Result<T, Failure> {
    text.parse().map_err(|error: T::Err| Failure::input(error.code(), format!("{name}: {error}")))
}

/// Whoever is told how far a run is, and may stop it by an exception.
struct Told {
    progress: Option<Py<PyAny>>,
    raised: std::sync::Mutex<Option<PyErr>>,
}

impl Told {
    fn new(progress: Option<Py<PyAny>>) -> Self {
        Self { progress, raised: std::sync::Mutex::new(None) }
    }

    /// Tells it, and lets a person at the keyboard stop it here.
    fn tell(&self, at: BatchProgress) {
        let told = Python::attach(|py| {
            py.check_signals()?;
            match &self.progress {
                Some(progress) => progress.call1(py, (at.done, at.total)).map(|_| ()),
                None => Ok(()),
            }
        });
        if let (Err(error), Ok(mut raised)) = (told, self.raised.lock()) {
            raised.get_or_insert(error);
        }
    }

    fn is_stopped(&self) -> bool {
        self.raised.lock().is_ok_and(|raised| raised.is_some())
    }

    /// What comes of a run, unless it was stopped before the end.
    async fn unless_stopped<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        let mut run = pin!(run);
        poll_fn(|context| {
            if self.is_stopped() {
                return Poll::Ready(None);
            }
            run.as_mut().poll(context).map(Some)
        })
        .await
    }

    /// The answer, or the exception that stopped it.
    fn finish<T>(self, answer: PyResult<T>) -> PyResult<T> {
        match self.raised.into_inner() {
            Ok(Some(raised)) => Err(raised),
            _ => answer,
        }
    }
}

//! PayMe gets people the money they are owed.
//!
//! It turns what a person's bank and mail show into evidence, matches the evidence to class-action
//! settlements, and ranks and explains the matches. The rules live in [`payme_core`], everything
//! that touches the world in [`payme_adapters`]; this crate puts the two together.
//!
//! ```
//! use payme::catalog::parse_settlements;
//! use payme::driver::MatchOptions;
//! use payme::files::read_transactions;
//! use payme::types::{Source, UserId};
//! use payme::{Config, Payme};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let config = Config { database: "sqlite::memory:".into(), ..Config::default() };
//! let payme = Payme::open(config).await?;
//!
//! let settlements = parse_settlements(br#"[{
//!     "title": "Ride Fees Settlement", "payout_max_cents": 2500,
//!     "eligibility": {"required_features": ["merchant:uber"], "states": []}
//! }]"#)?;
//! payme.import_settlements(settlements.taken).await?;
//!
//! let user: UserId = "00000000-0000-4000-8000-000000000001".parse()?;
//! let bank = read_transactions(br#"[{
//!     "transaction_id": "t1", "date": "2024-03-25", "amount": 5.4, "iso_currency_code": "USD",
//!     "name": "Uber 063015", "merchant_name": "Uber"
//! }]"#, user)?;
//! payme.import_records(user, Source::Plaid, bank.pages).await?;
//!
//! let matched = payme.match_stored_user(user, &MatchOptions::default()).await?;
//! assert_eq!(matched.run.candidate_count, 1);
//! # Ok(()) })
//! # }
//! ```

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{SystemClock, SystemRandom};
pub use payme_adapters::{driver, files, store, system};
use payme_core::ports::{Clock, Random, Store, StoreError};
pub use payme_core::{audit, catalog, evidence, matching, ports, ranking, sync, types};

use crate::driver::{Driver, DriverError};

/// The database that is used where none is named.
pub const DATABASE_DEFAULT: &str = "payme.db";

/// What an engine is made of.
pub struct Config {
    /// The database: a path, `sqlite://path`, or `sqlite::memory:`.
    pub database: String,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Where the random parts of new ids come from.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A database URL may hold a password.
        f.debug_struct("Config").finish_non_exhaustive()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: DATABASE_DEFAULT.to_owned(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom::default()),
        }
    }
}

/// The engine over an open database. What it can do are the methods of [`Driver`].
#[derive(Debug, Clone)]
pub struct Payme {
    driver: Driver,
    store: SqliteStore,
}

impl Payme {
    /// Opens the embedded database, making it if it is not there. Where an earlier version wrote
    /// it, what that derived from records is brought up to date.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened, is damaged, or was written by a newer version.
    pub async fn open(config: Config) -> Result<Self, StoreError> {
        let store = SqliteStore::open(&config.database).await?;
        let shared: Arc<dyn Store> = Arc::new(store.clone());
        let driver = Driver::new(shared, config.clock, config.random);
        match driver.bring_up_to_date().await {
            // What may only be read is read as it is.
            Ok(_) | Err(DriverError::Store(StoreError::ReadOnly)) => Ok(Self { driver, store }),
            Err(DriverError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Failed(error.to_string())),
        }
    }

    /// Closes the database, after which its file stands alone, without a log beside it. An engine
    /// that is dropped instead loses nothing; the next one reads the log.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

impl Deref for Payme {
    type Target = Driver;

    fn deref(&self) -> &Driver {
        &self.driver
    }
}

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

mod rail;
pub mod report;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use payme_adapters::plaid::transfer::{HttpClient, PlaidRail};
use payme_adapters::rail::{EverybodyHasDestination, MockRail};
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::{SystemClock, SystemRandom};
pub use payme_adapters::{artifacts, driver, files, plaid, store, system, vault};
use payme_core::ports::{Clock, DestinationResolver, PayoutStore, Random, Store, TransferRail};
pub use payme_core::{
    audit, catalog, claims, evidence, learning, matching, payouts, ports, ranking, sync, types,
};

pub use crate::rail::{OpenError, PlaidConfig, RailChoice, RailError};

use crate::driver::{Audit, Driver, Gateway, Payouts, StoredDestinations};
use crate::vault::KeyRing;

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
    /// What moves the money of payouts.
    pub rail: RailChoice,
    /// The keys under which account numbers and destinations are kept; without them none can be
    /// kept or used.
    pub vault: Option<KeyRing>,
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
            rail: RailChoice::default(),
            vault: None,
        }
    }
}

/// The engine over an open database. What it can do are the methods of [`Driver`], and for claims
/// and payouts those of [`Payme::gateway`].
#[derive(Debug, Clone)]
pub struct Payme {
    driver: Driver,
    gateway: Gateway,
    audit: Audit,
    store: SqliteStore,
}

impl Payme {
    /// Opens the embedded database, making it if it is not there. Where an earlier version wrote
    /// it, what that derived from records is brought up to date. Nothing is asked of the rail.
    ///
    /// # Errors
    /// [`OpenError::Store`] when the database cannot be opened, is damaged, or was written by a
    /// newer version; [`OpenError::Rail`] when the rail cannot be used as it is configured.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let Config { database, clock, random, rail, vault } = config;
        let store = SqliteStore::open(&database).await?;
        let shared: Arc<dyn Store> = Arc::new(store.clone());
        let (rail, destinations) = connect(rail, vault.as_ref(), &shared)?;
        let (payout_clock, payout_random) = (Arc::clone(&clock), Arc::clone(&random));
        let rows: Arc<dyn PayoutStore> = Arc::new(store.clone());
        let payouts = Payouts::new(rows, rail, destinations, payout_clock, payout_random);
        let gateway = Gateway::new(
            payouts,
            Arc::clone(&shared),
            Arc::clone(&clock),
            Arc::clone(&random),
            vault,
        );
        let audit = Audit::new(Arc::clone(&shared), Arc::clone(&clock));
        let driver = Driver::new(shared, clock, random).up_to_date().await?;
        Ok(Self { driver, gateway, audit, store })
    }

    /// Claims, attorneys and payouts.
    pub const fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// What is stored of payouts, held against its log.
    pub const fn audit(&self) -> &Audit {
        &self.audit
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

/// A rail, and who can be paid over it.
type Connected = (Arc<dyn TransferRail>, Arc<dyn DestinationResolver>);

fn connect(
    rail: RailChoice,
    vault: Option<&KeyRing>,
    store: &Arc<dyn Store>,
) -> Result<Connected, RailError> {
    match rail {
        // Where no money moves, nobody has to say where to.
        RailChoice::Mock => Ok((Arc::new(MockRail), Arc::new(EverybodyHasDestination))),
        RailChoice::Plaid(config) => {
            let name = config.rail_name();
            let PlaidConfig { origin, credentials, settings, timeout } = config;
            let ring = vault.ok_or(RailError::NoKeys)?.clone();
            let http = Arc::new(HttpClient::new(&origin, &credentials, timeout)?);
            let destinations = Arc::new(StoredDestinations::new(Arc::clone(store), ring));
            let rail = PlaidRail::new(http, destinations.clone(), settings).named(&name);
            Ok((Arc::new(rail), destinations))
        }
    }
}

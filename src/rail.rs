//! Which rail moves the money of payouts, and what it needs.
//!
//! In: settings by their names, as an environment has them. Out: a [`RailChoice`], or which setting
//! is wrong. No error and no `Debug` repeats the value of a setting: it may be a secret.

use std::fmt;
use std::time::Duration;

use payme_adapters::plaid::transfer::{
    ClientError, Credentials, DescriptionError, Network, RailSettings,
};
use payme_adapters::vault::{KEYS_VARIABLE, Secret};
use payme_core::ports::StoreError;

/// The setting that chooses the rail.
const ENABLED: &str = "PLAID_PAYOUTS_ENABLED";
/// What claimants read on their statement, unless a setting says otherwise.
const DESCRIPTION: &str = "settlement";
/// The environments of Plaid, and where they are.
const SANDBOX: (&str, &str) = ("sandbox", "https://sandbox.plaid.com");
const PRODUCTION: (&str, &str) = ("production", "https://production.plaid.com");
/// An answer of Plaid that takes longer is not waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Which rail moves the money.
#[derive(Debug, Clone, Default)]
pub enum RailChoice {
    /// None does: the mock rail decides by the key of each transfer what would have become of it.
    #[default]
    Mock,
    /// Plaid's Transfer API.
    Plaid(PlaidConfig),
}

/// What payouts over Plaid need, beside the keys of the vault.
#[derive(Clone)]
pub struct PlaidConfig {
    /// The server, such as `https://production.plaid.com`.
    pub origin: String,
    /// Who asks.
    pub credentials: Credentials,
    /// Over which network the money goes, and what claimants read of it.
    pub settings: RailSettings,
    /// An answer that takes longer is taken for none.
    pub timeout: Duration,
}

impl PlaidConfig {
    /// The name of the rail: Plaid's servers have nothing in common.
    pub(crate) fn rail_name(&self) -> String {
        let known = [SANDBOX, PRODUCTION].into_iter().find(|known| known.1 == self.origin);
        match known {
            Some((environment, _)) => format!("plaid_{environment}"),
            None => "plaid_other".to_owned(),
        }
    }
}

impl fmt::Debug for PlaidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address that was written wrong may hold a password.
        f.debug_struct("PlaidConfig").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Why there is no rail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RailError {
    /// A setting that is needed is not there.
    #[error("{0} is not set: {ENABLED}=true sends money over Plaid, which needs it")]
    Missing(&'static str),
    /// A setting says what it cannot.
    #[error("{name}: expected {expected}")]
    Invalid {
        /// The setting.
        name: &'static str,
        /// What it can say.
        expected: &'static str,
    },
    /// What claimants would read is no description.
    #[error("PLAID_PAYOUTS_DESCRIPTION: {0}")]
    Description(#[from] DescriptionError),
    /// Plaid cannot be asked with these settings.
    #[error("the settings of Plaid cannot be used: {0}")]
    Client(#[from] ClientError),
    /// Nothing opens the destinations of claimants.
    #[error(
        "payouts over Plaid need the keys of the vault, under which destinations are kept: put \
         them into {KEYS_VARIABLE}, or name their file"
    )]
    NoKeys,
}

impl RailError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "rail_setting_missing",
            Self::Invalid { .. } => "rail_setting_invalid",
            Self::Description(error) => error.code(),
            Self::Client(error) => error.code(),
            Self::NoKeys => "rail_no_vault_keys",
        }
    }
}

/// Why an engine does not open.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OpenError {
    /// The database does not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no rail.
    #[error(transparent)]
    Rail(#[from] RailError),
}

impl OpenError {
    /// The stable code of this error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Rail(error) => error.code(),
        }
    }
}

impl RailChoice {
    /// The rail that settings choose. `get` gives the value of a setting; an empty one is none.
    ///
    /// `PLAID_PAYOUTS_ENABLED` is `true` for Plaid, and `false` or absent for the mock rail. Plaid
    /// needs `PLAID_CLIENT_ID`, `PLAID_SECRET`, and `PLAID_ENV` (`sandbox` or `production`) or
    /// `PLAID_BASE_URL`. `PLAID_PAYOUTS_NETWORK` is `ach` (the default), `same-day-ach` or `rtp`,
    /// and `PLAID_PAYOUTS_DESCRIPTION` what claimants read on their statement.
    ///
    /// # Errors
    /// [`RailError`], with the name of the setting.
    ///
    /// ```
    /// use payme::RailChoice;
    /// assert!(matches!(RailChoice::from_settings(|_| None), Ok(RailChoice::Mock)));
    /// let on = |name: &str| (name == "PLAID_PAYOUTS_ENABLED").then(|| "true".to_owned());
    /// assert_eq!(RailChoice::from_settings(on).unwrap_err().code(), "rail_setting_missing");
    /// ```
    pub fn from_settings(get: impl Fn(&str) -> Option<String>) -> Result<Self, RailError> {
        let get = |name: &str| get(name).filter(|value| !value.is_empty());
        let need = |name: &'static str| get(name).ok_or(RailError::Missing(name));
        match get(ENABLED).as_deref() {
            None | Some("false") => return Ok(Self::Mock),
            Some("true") => {}
            Some(_) => {
                return Err(RailError::Invalid { name: ENABLED, expected: "true or false" });
            }
        }
        let client_id = Secret::new(need("PLAID_CLIENT_ID")?);
        let secret = Secret::new(need("PLAID_SECRET")?);
        let origin = match get("PLAID_BASE_URL") {
            Some(origin) => origin,
            None => origin_of(&need("PLAID_ENV")?)?.to_owned(),
        };
        let network = network(get("PLAID_PAYOUTS_NETWORK").as_deref())?;
        let description = get("PLAID_PAYOUTS_DESCRIPTION");
        let settings = RailSettings::new(network, description.as_deref().unwrap_or(DESCRIPTION))?;
        let credentials = Credentials { client_id, secret };
        Ok(Self::Plaid(PlaidConfig { origin, credentials, settings, timeout: TIMEOUT }))
    }
}

fn origin_of(environment: &str) -> Result<&'static str, RailError> {
    match [SANDBOX, PRODUCTION].into_iter().find(|known| known.0 == environment) {
        Some((_, origin)) => Ok(origin),
        None => Err(RailError::Invalid { name: "PLAID_ENV", expected: "sandbox or production" }),
    }
}

fn network(word: Option<&str>) -> Result<Network, RailError> {
    const ALL: [Network; 3] = [Network::Ach, Network::SameDayAch, Network::Rtp];
    let (name, expected) = ("PLAID_PAYOUTS_NETWORK", "ach, same-day-ach or rtp");
    let Some(word) = word else { return Ok(Network::Ach) };
    let found = ALL.into_iter().find(|network| network.as_str() == word);
    found.ok_or(RailError::Invalid { name, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        (ENABLED, "true"),
        ("PLAID_CLIENT_ID", "client-hidden-1"),
        ("PLAID_SECRET", "hidden-2"),
        ("PLAID_ENV", "sandbox"),
    ];

    /// What the good settings choose with one of them changed.
    fn changed(name: &str, value: &str) -> Result<RailChoice, RailError> {
        RailChoice::from_settings(|asked| {
            let value = (asked == name).then_some(value);
            let good = || GOOD.iter().find(|(known, _)| *known == asked).map(|(_, value)| *value);
            value.or_else(good).map(str::to_owned)
        })
    }

    #[test]
    fn settings_follow_the_table() {
        #[rustfmt::skip]
        let table = [
            (ENABLED,                     "",             Ok(false)),
            (ENABLED,                     "false",        Ok(false)),
            (ENABLED,                     "true",         Ok(true)),
            (ENABLED,                     "yes",          Err("rail_setting_invalid")),
            ("PLAID_CLIENT_ID",           "",             Err("rail_setting_missing")),
            ("PLAID_SECRET",              "",             Err("rail_setting_missing")),
            ("PLAID_ENV",                 "",             Err("rail_setting_missing")),
            ("PLAID_ENV",                 "production",   Ok(true)),
            ("PLAID_ENV",                 "hidden-3",     Err("rail_setting_invalid")),
            ("PLAID_BASE_URL",            "http://[::1]", Ok(true)),
            ("PLAID_PAYOUTS_NETWORK",     "rtp",          Ok(true)),
            ("PLAID_PAYOUTS_NETWORK",     "wire",         Err("rail_setting_invalid")),
            ("PLAID_PAYOUTS_DESCRIPTION", "payout",       Ok(true)),
            ("PLAID_PAYOUTS_DESCRIPTION", "settlements",  Err("invalid_description")),
        ];
        for (name, value, wanted) in table {
            let found = changed(name, value);
            let told = format!("{found:?}");
            assert!(!told.contains("hidden"), "{told}");
            if let Err(error) = &found {
                assert!(error.to_string().contains(name) && !error.to_string().contains("hidden"));
            }
            let is_plaid = found.map(|choice| matches!(choice, RailChoice::Plaid(_)));
            assert_eq!(is_plaid.map_err(|error| error.code()), wanted, "{name}={value}");
        }
    }
}

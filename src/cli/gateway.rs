//! Opening the engine for payouts: the rail, the keys of the vault, and who acts.
//!
//! The rail and its secrets come from the environment, so that no secret stands on a command line.

use std::io::Read as _;
use std::path::Path;

use payme::driver::{GatewayError, PayoutDriverError};
use payme::payouts::{AmountError, KeyError, PayoutError, RequestKey};
use payme::types::{AttorneyId, Currency, Money, MoneyError, SettlementId};
use payme::vault::{KEYS_VARIABLE, KeyRing, RingError, Secret};
use payme::{Config, Payme, RailChoice, RailError};

use super::args::{ActingArgs, Global, VaultArgs};
use super::error::CliError;
use super::{config, input, open_with};

/// The variable of the environment that holds an attorney's API key.
const KEY_VARIABLE: &str = "PAYME_ATTORNEY_KEY";
/// A secret in a file has at most so many bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// An attorney, and the engine in which they act.
#[derive(Clone, Copy)]
pub(crate) struct Acting<'a> {
    pub(crate) payme: &'a Payme,
    pub(crate) attorney: AttorneyId,
}

/// Opens the engine with the rail that the environment chooses.
pub(crate) async fn open<'a>(global: &'a Global, vault: &VaultArgs) -> Result<&'a Payme, CliError> {
    let rail = rail()?;
    let vault = match &vault.vault_keys {
        Some(path) => {
            let named = |error: RingError| {
                CliError::new(error.code(), format!("{}: {error}", path.display()))
            };
            Some(KeyRing::from_file(path).map_err(named)?)
        }
        None => setting(KEYS_VARIABLE).map(|lines| KeyRing::parse(&lines)).transpose()?,
    };
    open_with(global, Config { rail, vault, ..config(global) }).await
}

/// The rail that the environment chooses.
pub(crate) fn rail() -> Result<RailChoice, CliError> {
    Ok(RailChoice::from_settings(setting)?)
}

/// Opens the engine for an attorney: the one that is named, or whose API key is in the environment.
pub(crate) async fn acting<'a>(
    global: &'a Global,
    args: &ActingArgs,
) -> Result<Acting<'a>, CliError> {
    let raw = setting(KEY_VARIABLE).map(Secret::new);
    if args.attorney.is_none() && raw.is_none() {
        let message = format!(
            "nobody acts: name the attorney with --attorney, or put their API \
                               key into {KEY_VARIABLE}"
        );
        return Err(CliError::new("no_attorney", message));
    }
    let payme = open(global, &args.vault).await?;
    let of_key = match &raw {
        Some(raw) => Some(payme.gateway().authenticate(raw.reveal()).await?.id),
        None => None,
    };
    match (args.attorney, of_key) {
        (Some(named), Some(of_key)) if named != of_key => {
            let message = format!(
                "--attorney names another than the key in {KEY_VARIABLE} is of: \
                                   leave one of them out"
            );
            Err(CliError::new("other_attorney", message))
        }
        (Some(attorney), _) | (None, Some(attorney)) => Ok(Acting { payme, attorney }),
        (None, None) => Err(CliError::new("no_attorney", "nobody acts")),
    }
}

/// A variable of the environment; an empty one is none. What is not UTF-8 is kept wrong, so that
/// it is refused and not passed over.
fn setting(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    let value = value.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

/// The key of a request.
pub(crate) fn request_key(text: &str) -> Result<RequestKey, CliError> {
    RequestKey::new(text)
        .map_err(|error: KeyError| CliError::new(error.code(), format!("--key: {error}")))
}

/// An amount above zero as it is written on the command line, in the currency of the account that
/// is linked to a settlement. Where none is, whoever is asked next says so.
pub(crate) async fn amount(
    payme: &Payme,
    settlement: SettlementId,
    text: &str,
) -> Result<Money, CliError> {
    let account = payme.gateway().payouts().store().account_of(settlement).await?;
    let currency = account.map_or(Currency::USD, |account| account.currency);
    positive(text, currency).map_err(|(code, what)| CliError::new(code, format!("AMOUNT: {what}")))
}

/// An amount above zero, or the code and the text of what is wrong with it.
pub(crate) fn positive(text: &str, currency: Currency) -> Result<Money, (&'static str, String)> {
    let money = Money::parse_plain(text, currency)
        .map_err(|error: MoneyError| (error.code(), error.to_string()))?;
    if money.minor() > 0 {
        Ok(money)
    } else {
        let error = AmountError::NotPositive;
        Err((error.code(), error.to_string()))
    }
}

/// The bytes of a file, or of stdin for `-`.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    if path.as_os_str() != "-" {
        return input::bytes(path);
    }
    let mut bytes = Vec::new();
    let mut stdin = std::io::stdin().lock().take(SECRET_BYTES_MAX + 1);
    stdin
        .read_to_end(&mut bytes)
        .map_err(|error| CliError::new("file_unreadable", format!("stdin: {error}")))?;
    Ok(bytes)
}

/// The only line of a file, or of stdin, which is a secret. Nothing of it is told.
pub(crate) fn secret(path: &Path) -> Result<Secret, CliError> {
    let told = path.display();
    let refuse = |code, what: &str| CliError::new(code, format!("{told}: {what}"));
    let bytes = bytes(path)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > SECRET_BYTES_MAX {
        return Err(refuse("file_too_large", "this is more than a line: check the path"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| refuse("invalid_utf8", "not valid UTF-8: save the file as UTF-8"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.trim().is_empty() {
        return Err(refuse("empty_input", "the file is empty"));
    }
    if line.chars().any(char::is_control) {
        return Err(refuse("control_character", "write one line, without control characters"));
    }
    Ok(Secret::new(line.to_owned()))
}

impl From<RailError> for CliError {
    fn from(error: RailError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<RingError> for CliError {
    fn from(error: RingError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<GatewayError> for CliError {
    fn from(error: GatewayError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<PayoutDriverError> for CliError {
    fn from(error: PayoutDriverError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<PayoutError> for CliError {
    fn from(error: PayoutError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

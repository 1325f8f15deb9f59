//! The provider's transaction object: which field means what, in each of its dialects.
//!
//! Fields are taken out of the raw object one by one, so that a fault names its path, an amount
//! keeps its digits, and what nobody here knows stays in `rest`.

use payme_core::types::json::Refusal;

use crate::files::raw::{self, Fields, Place};

/// The names that one kind of transaction object uses; the first that is there counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    dates: &'static [&'static str],
    names: &'static [&'static str],
    currency: &'static str,
}

/// The objects of transactions/sync and transactions/get.
pub(crate) const API: Dialect = Dialect {
    dates: &["date"],
    names: &["name", "original_description", "merchant_name"],
    currency: "iso_currency_code",
};

/// The transactions of a sandbox custom user: the day of the purchase, not the day of posting.
pub(crate) const CUSTOM_USER: Dialect = Dialect {
    dates: &["date_transacted", "date_posted"],
    names: &["description"],
    currency: "currency",
};

/// A transaction object, each field of its type but not yet judged. It has no Debug: it is
/// personal data.
pub(crate) struct Transaction<'a> {
    pub(crate) id: Option<String>,
    pub(crate) pending_id: Option<String>,
    pub(crate) account_id: Option<String>,
    /// The minute of the day, where the provider tells the time.
    pub(crate) minute: Option<u16>,
    /// The date as it is written, and its place.
    pub(crate) date: (String, Place),
    /// The amount as it is written, and its place.
    pub(crate) amount: (String, Place),
    pub(crate) currency: Option<String>,
    pub(crate) unofficial_currency: Option<String>,
    pub(crate) name: String,
    pub(crate) merchant_name: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) pending: bool,
    pub(crate) recurring: bool,
    /// What else was sent. The amount and its currency stay in it until they are understood.
    pub(crate) rest: Fields<'a>,
    dialect: Dialect,
}

impl<'a> Transaction<'a> {
    /// Takes a transaction object apart.
    ///
    /// # Errors
    /// `missing_field`, `wrong_type` or `malformed_json` at the field's path.
    pub(crate) fn read(mut fields: Fields<'a>, dialect: Dialect) -> Result<Self, Refusal> {
        let name = name(&mut fields, dialect)?;
        Ok(Self {
            id: fields.take_text("transaction_id")?,
            pending_id: fields.take_text("pending_transaction_id")?,
            account_id: fields.take_text("account_id")?,
            minute: minute(&fields)?,
            date: date(&mut fields, dialect)?,
            amount: amount(&fields)?,
            currency: fields.peek_text(dialect.currency)?,
            unofficial_currency: fields.peek_text("unofficial_currency_code")?,
            name,
            merchant_name: fields.take_text("merchant_name")?,
            category: category(&fields)?,
            pending: fields.take_flag("pending")?,
            recurring: recurring(&fields)?,
            rest: fields,
            dialect,
        })
    }

    /// Drops the amount and its currency from what is kept beside: they were understood.
    pub(crate) fn forget_amount(&mut self) {
        self.rest.take("amount");
        self.rest.take(self.dialect.currency);
    }
}

fn date(fields: &mut Fields<'_>, dialect: Dialect) -> Result<(String, Place), Refusal> {
    for name in dialect.dates {
        if let Some(text) = fields.take_text(name)? {
            return Ok((text, fields.place.member(name)));
        }
    }
    Err(fields.place.member(dialect.dates.first().unwrap_or(&"date")).missing())
}

fn amount(fields: &Fields<'_>) -> Result<(String, Place), Refusal> {
    let place = fields.place.member("amount");
    let raw = fields.peek("amount").ok_or_else(|| place.missing())?;
    Ok((raw::decimal(raw, &place)?, place))
}

/// The minute of the day of an RFC 3339 time. Midnight sharp is what providers write where they
/// know the day only, so it says nothing.
fn minute(fields: &Fields<'_>) -> Result<Option<u16>, Refusal> {
    let text = fields.peek_text("datetime")?;
    let clock = text.as_deref().and_then(|text| text.get(11..16)?.split_once(':'));
    let minute = clock.and_then(|(hours, minutes)| {
        let (hours, minutes) = (hours.parse::<u16>().ok()?, minutes.parse::<u16>().ok()?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    });
    Ok(minute.filter(|minute| *minute > 0))
}

/// The description. Where it is borrowed from the merchant, the merchant keeps its name.
fn name(fields: &mut Fields<'_>, dialect: Dialect) -> Result<String, Refusal> {
    for name in dialect.names {
        if let Some(text) = fields.peek_text(name)? {
            if *name != "merchant_name" {
                fields.take(name);
            }
            return Ok(text.trim().to_owned());
        }
    }
    Err(fields.place.member(dialect.names.first().unwrap_or(&"name")).missing())
}

/// The personal finance category's primary, else the first of the older list.
fn category(fields: &Fields<'_>) -> Result<Option<String>, Refusal> {
    if let Some(category) = fields.inside("personal_finance_category")?
        && let Some(primary) = category.peek_text("primary")?
    {
        return Ok(Some(primary.trim().to_owned()));
    }
    let mut first = None;
    if let Some(list) = fields.peek("category") {
        let place = fields.place.member("category");
        raw::each_item(list, &place, |index, item| {
            let text = raw::text(item, &fields.place.member(&format!("category[{index}]")))?;
            let text = Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
            first = first.take().or(text);
            Ok(())
        })?;
    }
    Ok(first)
}

fn recurring(fields: &Fields<'_>) -> Result<bool, Refusal> {
    for name in ["recurring_transaction_id", "recurring_stream_id", "stream_id"] {
        if fields.peek_text(name)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

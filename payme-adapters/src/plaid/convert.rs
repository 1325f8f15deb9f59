//! What a bank's row means: exact money, a modern date, an id that never changes.

use std::collections::HashMap;

use payme_core::sync::{Transaction, record_id};
use payme_core::types::json::{Coded, Refusal};
use payme_core::types::{
    Currency, Date, Money, MoneyError, RecordId, Source, TimeError, UserId, ensure_modern,
    parse_date,
};

use super::wire;
use crate::files::raw::Place;

/// A transaction of any format, checked, which has no id of the engine yet.
pub(crate) struct Facts {
    pub(crate) provider_id: Option<String>,
    pub(crate) pending_id: Option<String>,
    /// Which account it is on, as far as the file tells; part of a derived id.
    pub(crate) account: Option<String>,
    pub(crate) minute: Option<u16>,
    pub(crate) date: Date,
    pub(crate) amount: Amount,
    pub(crate) name: String,
    pub(crate) merchant_name: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) pending: bool,
    pub(crate) recurring: bool,
    pub(crate) extra: Option<String>,
}

/// An amount, as far as it can be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Amount {
    /// In a currency of ISO 4217.
    Known(Money),
    /// In something else, as it was written: the digits and the code.
    Foreign(String, String),
}

impl Amount {
    const fn money(&self) -> Option<Money> {
        match self {
            Self::Known(money) => Some(*money),
            Self::Foreign(..) => None,
        }
    }

    /// The text that stands for the amount in a derived id, the same for `1.5` and `1.50`.
    fn normal(&self) -> String {
        match self {
            Self::Known(money) => format!("{} {}", money.minor(), money.currency()),
            Self::Foreign(digits, code) => format!("{digits} {code}"),
        }
    }
}

/// Gives transactions their ids. One of these serves one file.
pub(crate) struct Ids {
    user: UserId,
    seen: HashMap<String, u64>,
}

impl Ids {
    /// The ids of one person's file.
    pub(crate) fn new(user: UserId) -> Self {
        Self { user, seen: HashMap::new() }
    }

    /// Whose file it is.
    pub(crate) const fn user(&self) -> UserId {
        self.user
    }

    /// The id of a removed transaction.
    pub(crate) fn removed(&self, provider_id: &str) -> RecordId {
        record_id(self.user, Source::Plaid, provider_id)
    }

    /// The transaction with its id.
    pub(crate) fn transaction(&mut self, facts: Facts) -> Transaction {
        let has_own_id = facts.provider_id.is_some();
        let provider_id = match &facts.provider_id {
            Some(id) => id.clone(),
            None => self.derived(&facts),
        };
        let id = |provider_id: &str| record_id(self.user, Source::Plaid, provider_id);
        Transaction {
            id: id(&provider_id),
            date: facts.date,
            amount: facts.amount.money(),
            name: facts.name,
            merchant_name: facts.merchant_name,
            category: facts.category,
            pending: facts.pending,
            supersedes: facts.pending_id.as_deref().map(id),
            recurring: facts.recurring,
            account: facts.account,
            minute: facts.minute,
            has_own_id,
            extra: facts.extra,
        }
    }

    /// The id of a row that brings none: what it says, and how many equal rows came before it.
    ///
    /// An overlapping file gives its rows the same ids, and two real equal purchases on one day
    /// stay two.
    fn derived(&mut self, facts: &Facts) -> String {
        let Facts { account, date, name, .. } = facts;
        let account = account.as_deref().unwrap_or_default();
        let row = format!("derived\n{account}\n{date}\n{}\n{name}", facts.amount.normal());
        let before = self.seen.entry(row.clone()).or_default();
        let id = format!("{row}\n{before}");
        *before += 1;
        id
    }
}

/// What a provider's transaction object says.
///
/// # Errors
/// A date before 1900, an amount that is not exact in its currency, or a fault of what is kept.
pub(crate) fn facts(mut wire: wire::Transaction<'_>, account: &str) -> Result<Facts, Refusal> {
    let date = date(&wire.date.0, &wire.date.1)?;
    let amount = amount(&wire)?;
    if matches!(amount, Amount::Known(_)) {
        wire.forget_amount();
    }
    Ok(Facts {
        provider_id: wire.id,
        pending_id: wire.pending_id,
        account: wire.account_id.or_else(|| Some(account.to_owned())).filter(|a| !a.is_empty()),
        minute: wire.minute,
        date,
        amount,
        name: wire.name,
        merchant_name: wire.merchant_name.map(|name| name.trim().to_owned()),
        category: wire.category,
        pending: wire.pending,
        recurring: wire.recurring,
        extra: wire.rest.rest()?,
    })
}

/// A civil date from 1900 on.
///
/// # Errors
/// `invalid_date` or `date_before_1900`.
pub(crate) fn date(text: &str, place: &Place) -> Result<Date, Refusal> {
    let date: Result<_, TimeError> = parse_date(text).and_then(ensure_modern);
    date.map_err(|error| refuse(&error, place))
}

/// An exact amount.
///
/// # Errors
/// `malformed_amount`, `amount_too_fine` or `amount_overflow`.
pub(crate) fn money(text: &str, currency: Currency, place: &Place) -> Result<Money, Refusal> {
    Money::parse_decimal(text, currency).map_err(|error| refuse(&error, place))
}

/// An amount without any currency is in dollars; an unofficial one is never money.
fn amount(wire: &wire::Transaction<'_>) -> Result<Amount, Refusal> {
    let (digits, place) = &wire.amount;
    let known = match (&wire.currency, &wire.unofficial_currency) {
        (None, None) => Ok(Currency::USD),
        (Some(code), _) => code.parse().map_err(|_: MoneyError| code),
        (None, Some(code)) => Err(code),
    };
    match known {
        Ok(currency) => money(digits, currency, place).map(Amount::Known),
        Err(code) => match Money::parse_decimal(digits, Currency::USD) {
            Err(error @ MoneyError::Malformed) => Err(refuse(&error, place)),
            _ => Ok(Amount::Foreign(digits.clone(), code.clone())),
        },
    }
}

fn refuse(error: &impl Coded, place: &Place) -> Refusal {
    place.refuse(error.code(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::raw::Fields;

    fn read(members: &str, dialect: wire::Dialect) -> Result<Facts, Refusal> {
        let text = format!("{{{members}}}");
        let raw = serde_json::from_str(&text).unwrap();
        let fields = Fields::read(raw, Place::root(1)).unwrap();
        facts(wire::Transaction::read(fields, dialect)?, "a/b/0")
    }

    fn api(members: &str) -> Result<Facts, Refusal> {
        read(&format!(r#""date": "2024-02-29", "name": " Shop ", {members}"#), wire::API)
    }

    fn known(minor: i64, code: &str) -> Amount {
        Amount::Known(Money::new(minor, code.parse().unwrap()))
    }

    fn foreign(digits: &str, code: &str) -> Amount {
        Amount::Foreign(digits.to_owned(), code.to_owned())
    }

    #[test]
    fn an_amount_is_exact_or_left_as_it_is() {
        #[rustfmt::skip]
        let table = [
            (r#""amount": 28.34"#, known(2834, "USD"), None),
            (r#""amount": "28.34", "iso_currency_code": null"#, known(2834, "USD"), None),
            (r#""amount": -0.290, "iso_currency_code": "USD", "unofficial_currency_code": null"#, known(-29, "USD"), None),
            (r#""amount": 1.5e3, "iso_currency_code": "JPY""#, known(1500, "JPY"), None),
            (r#""amount": 90071992547409.93"#, known(9_007_199_254_740_993, "USD"), None),
            (r#""amount": 0.10000000000000001, "iso_currency_code": "ZZZ""#, foreign("0.10000000000000001", "ZZZ"),
 Some(r#"{"amount":0.10000000000000001,"iso_currency_code":"ZZZ"}"#)),
            (r#""amount": 2, "unofficial_currency_code": "BTC""#, foreign("2", "BTC"),
 Some(r#"{"amount":2,"unofficial_currency_code":"BTC"}"#)),
            (r#""amount": 2, "iso_currency_code": null, "unofficial_currency_code": "USD""#, foreign("2", "USD"),
 Some(r#"{"amount":2,"unofficial_currency_code":"USD"}"#)),
        ];
        for (members, amount, extra) in table {
            let facts = api(members).unwrap();
            assert_eq!(facts.amount, amount, "{members}");
            assert_eq!(facts.extra.as_deref(), extra, "{members}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_path() {
        #[rustfmt::skip]
        let table = [
            (r#""x": 1"#, "missing_field", "$.amount"),
            (r#""amount": null"#, "missing_field", "$.amount"),
            (r#""amount": true"#, "wrong_type", "$.amount"),
            (r#""amount": "1,000""#, "malformed_amount", "$.amount"),
            (r#""amount": "x", "iso_currency_code": "ZZZ""#, "malformed_amount", "$.amount"),
            (r#""amount": 0.005"#, "amount_too_fine",  "$.amount"),
            (r#""amount": 1e30"#, "amount_overflow",  "$.amount"),
            (r#""amount": 1, "pending": "no""#, "wrong_type", "$.pending"),
            (r#""amount": 1, "category": "Food""#, "wrong_type", "$.category"),
            (r#""amount": 1, "category": ["Food", 1]"#, "wrong_type", "$.category[1]"),
            (r#""amount": 1, "personal_finance_category": []"#, "wrong_type", "$.personal_finance_category"),
            (r#""amount": 1, "personal_finance_category": {"primary": 1}"#, "wrong_type", "$.personal_finance_category.primary"),
            (r#""amount": 1, "transaction_id": 7"#, "wrong_type", "$.transaction_id"),
            (r#""amount": 1, "merchant_name": "\ud800""#, "malformed_json", "$.merchant_name"),
        ];
        for (members, code, path) in table {
            let refusal = api(members).err().unwrap();
            assert_eq!((refusal.code, refusal.path.as_str()), (code, path), "{members}");
        }
        #[rustfmt::skip]
        let table = [
            (r#""name": "N", "amount": 1"#, "missing_field", "$.date"),
            (r#""name": "N", "amount": 1, "date": "29/02/2024""#, "invalid_date", "$.date"),
            (r#""name": "N", "amount": 1, "date": "1899-12-31""#, "date_before_1900", "$.date"),
            (r#""name": "N", "amount": 1, "date": 20240229"#, "wrong_type", "$.date"),
            (r#""date": "2024-02-29", "amount": 1, "name": " ""#, "missing_field", "$.name"),
        ];
        for (members, code, path) in table {
            let refusal = read(members, wire::API).err().unwrap();
            assert_eq!((refusal.code, refusal.path.as_str()), (code, path), "{members}");
        }
    }

    #[test]
    fn each_field_goes_where_it_belongs() {
        let facts = api(
            r#""amount": 1, "transaction_id": "t", "pending_transaction_id": "p", "pending": true,
            "merchant_name": " M ", "stream_id": "s", "account_id": "acc",
            "datetime": "2024-02-29T13:05:00Z", "logo_url": null,
            "personal_finance_category": {"primary": "TRAVEL", "detailed": "TRAVEL_TAXI"},
            "category": ["Travel", "Taxi"], "location": {"lat": 32.5, "city": null}"#,
        )
        .unwrap();
        assert_eq!(facts.provider_id.as_deref(), Some("t"));
        assert_eq!(facts.pending_id.as_deref(), Some("p"));
        assert_eq!((facts.account.as_deref(), facts.name.as_str()), (Some("acc"), "Shop"));
        assert_eq!(facts.merchant_name.as_deref(), Some("M"));
        assert_eq!(facts.category.as_deref(), Some("TRAVEL"));
        assert!(facts.pending && facts.recurring);
        assert_eq!(facts.minute, Some(13 * 60 + 5));
        let extra = r#"{"category":["Travel","Taxi"],"datetime":"2024-02-29T13:05:00Z","#
            .to_owned()
            + r#""location":{"lat":32.5},"#
            + r#""personal_finance_category":{"detailed":"TRAVEL_TAXI","primary":"TRAVEL"},"#
            + r#""stream_id":"s"}"#;
        assert_eq!(facts.extra, Some(extra));
    }

    #[test]
    fn categories_and_recurrence_follow_the_table() {
        #[rustfmt::skip]
        let table = [
            (r#""category": ["Travel", "Taxi"]"#, Some("Travel"), false),
            (r#""category": []"#, None,           false),
            (r#""category": ["", "B"], "stream_id": """#, Some("B"),      false),
            (r#""personal_finance_category": {"primary": ""}, "category": ["A"]"#, Some("A"),      false),
            (r#""personal_finance_category": null, "category": null, "recurring_stream_id": "r""#, None,           true),
            (r#""recurring_transaction_id": null, "merchant_name": " ""#, None,           false),
        ];
        for (members, category, recurring) in table {
            let facts = api(&format!(r#""amount": 1, {members}"#)).unwrap();
            assert_eq!((facts.category.as_deref(), facts.recurring), (category, recurring));
            assert_eq!(facts.merchant_name, None);
        }
    }

    #[test]
    fn a_custom_user_spends_on_the_day_of_the_purchase() {
        let row =
            r#""date_posted": "2024-01-03", "amount": -5, "currency": "CAD", "description": "D""#;
        let posted = read(row, wire::CUSTOM_USER).unwrap();
        assert_eq!(posted.date.to_string(), "2024-01-03");
        let row = format!(r#""date_transacted": "2024-01-01", {row}"#);
        let facts = read(&row, wire::CUSTOM_USER).unwrap();
        assert_eq!(facts.date.to_string(), "2024-01-01");
        assert_eq!((facts.amount, facts.account.as_deref()), (known(-500, "CAD"), Some("a/b/0")));
        assert_eq!(facts.extra.as_deref(), Some(r#"{"date_posted":"2024-01-03"}"#));
    }

    #[test]
    fn derived_ids_tell_equal_rows_apart_and_repeat() {
        let user = UserId::from_uuid(Default::default());
        let rows = [r#""amount": 1.5"#, r#""amount": 1.50"#, r#""amount": "-1.5""#];
        let ids = || {
            let mut ids = Ids::new(user);
            rows.map(|row| ids.transaction(api(row).unwrap()).id)
        };
        let [first, second, third] = ids();
        assert_eq!(ids(), [first, second, third]);
        let expected = |text: &str| record_id(user, Source::Plaid, text);
        assert_eq!(first, expected("derived\na/b/0\n2024-02-29\n150 USD\nShop\n0"));
        assert_eq!(second, expected("derived\na/b/0\n2024-02-29\n150 USD\nShop\n1"));
        assert_eq!(third, expected("derived\na/b/0\n2024-02-29\n-150 USD\nShop\n0"));
    }
}

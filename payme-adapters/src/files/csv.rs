//! Transactions in CSV, as people and their banks write them: a header, known columns, exact
//! amounts.
//!
//! In: the text of a file and a [`CsvMapping`], which names the columns and says how cells are
//! written. Out: a [`RecordFile`]. A row is taken as a whole or refused with what is wrong.

use csv::{ReaderBuilder, StringRecord, Trim};
use payme_core::sync::Record;
use payme_core::types::json::Refusal;
use payme_core::types::{Currency, Date, Money, UserId, ensure_modern};

use super::mapping::CsvMapping;
use super::raw::{self, Lines, Place};
use super::{Intake, RecordFile, export};
use crate::plaid::convert::{self, Amount, Facts, Ids};

/// Reads a CSV file with a header. A file that [`export`] wrote gives back its very records.
///
/// # Errors
/// A refusal of the header, or of quotes that do not pair up.
pub(super) fn read(text: &str, user: UserId, mapping: &CsvMapping) -> Result<RecordFile, Refusal> {
    let base = skipped(text, mapping.skip);
    let table = text.get(base..).unwrap_or_default();
    check_quotes(text, base, mapping.delimiter)?;
    let mut lines = Lines::new(text.as_bytes());
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(mapping.delimiter)
        .from_reader(table.as_bytes());
    let mut header = None;
    let mut ids = Ids::new(user);
    let mut intake = Intake::default();
    let mut cells = StringRecord::new();
    let mut start = 0;
    let mut index = 0;
    while reader.read_record(&mut cells).map_err(|_| unreadable(lines.at(base + start)))? {
        let end = usize::try_from(reader.position().byte()).unwrap_or(table.len());
        let source = table.get(start..end).unwrap_or_default();
        // The reader skips empty lines, which still count as lines.
        let blank = source.len() - source.trim_start_matches(['\r', '\n']).len();
        let line = lines.at(base + start + blank);
        start = end;
        if cells.iter().all(str::is_empty) {
            continue;
        }
        let Some(header) = &header else {
            header = Some(Header::read(&cells, line, mapping)?);
            continue;
        };
        let place = Place::root(line).item(index, line);
        index += 1;
        let row = match header {
            Header::Export => export::row(&cells, &place, mapping.latest),
            Header::Columns(names) => {
                row(names, &cells, &place, mapping).map(|facts| ids.transaction(facts))
            }
        };
        intake.upsert(row.map(Record::Transaction))?;
    }
    if header.is_none() && !mapping.is_plain() {
        return Err(Refusal::on_line(1, "missing_header", "the file ends before its header"));
    }
    Ok(intake.finish())
}

/// Where the table begins behind lines that are skipped.
fn skipped(text: &str, lines: usize) -> usize {
    text.split_inclusive('\n').take(lines).map(str::len).sum()
}

fn unreadable(line: u64) -> Refusal {
    Refusal::on_line(line, "malformed_csv", "not CSV: save the table as comma-separated UTF-8")
}

/// Refuses a text whose quotes do not pair up: where one is missing, the rows behind it would be
/// taken for the rest of a field.
fn check_quotes(text: &str, base: usize, delimiter: u8) -> Result<(), Refusal> {
    enum At {
        FieldStart,
        Plain,
        Quoted,
        QuoteInQuoted,
        BehindQuoted,
    }
    let line = |offset| {
        let before = text.as_bytes().get(..offset).unwrap_or_default();
        before.iter().fold(1, |line, byte| line + u64::from(*byte == b'\n'))
    };
    let mut at = At::FieldStart;
    let mut opened = base;
    for (offset, byte) in text.bytes().enumerate().skip(base) {
        at = match (at, byte) {
            (At::FieldStart, b'"') => {
                opened = offset;
                At::Quoted
            }
            (At::Quoted, b'"') => At::QuoteInQuoted,
            (At::Quoted, _) | (At::QuoteInQuoted, b'"') => At::Quoted,
            (_, b'\n' | b'\r') => At::FieldStart,
            (_, byte) if byte == delimiter => At::FieldStart,
            (At::QuoteInQuoted | At::BehindQuoted, b' ' | b'\t') => At::BehindQuoted,
            (At::QuoteInQuoted | At::BehindQuoted, _) => {
                let message = "a quoted field goes on behind its closing quote: check the quotes \
                               of this row and of the rows before it";
                return Err(Refusal::on_line(line(opened), "malformed_csv", message));
            }
            (At::FieldStart | At::Plain, _) => At::Plain,
        };
    }
    match at {
        At::Quoted => {
            let message = "a quoted field never ends: close its quote";
            Err(Refusal::on_line(line(opened), "unclosed_quote", message))
        }
        At::FieldStart | At::Plain | At::QuoteInQuoted | At::BehindQuoted => Ok(()),
    }
}

/// What the columns are.
#[derive(Debug)]
enum Header {
    /// Those of a file that was exported.
    Export,
    /// What each means; nothing where it is passed over.
    Columns(Vec<Option<&'static str>>),
}

impl Header {
    fn read(cells: &StringRecord, line: u64, mapping: &CsvMapping) -> Result<Self, Refusal> {
        if mapping.is_plain() && export::is_header(cells) {
            return Ok(Self::Export);
        }
        let refuse = |code, message: String| Err(Refusal::on_line(line, code, message));
        let mut names = Vec::new();
        for (number, cell) in (1..).zip(cells) {
            let name = mapping.meaning(cell);
            match name {
                // A cell may be a person's own: a file without a header starts with a row.
                None if !mapping.ignores_others => {
                    let known: Vec<_> = mapping.own_names().collect();
                    let hint = match mapping.is_plain() {
                        true => "",
                        false => "; others=ignore passes over columns that are not mapped",
                    };
                    let known = known.join(", ");
                    let message = format!("column {number} is not known (known: {known}{hint})");
                    return refuse("unknown_column", message);
                }
                Some(name) if names.contains(&Some(name)) => {
                    let message = format!("the column \"{name}\" is there twice: keep one");
                    return refuse("duplicate_column", message);
                }
                name => names.push(name),
            }
        }
        let has = |name| names.contains(&Some(name));
        if let Some(name) = mapping.mapped().find(|name| !has(name)) {
            let message = format!("the column that the mapping calls \"{name}\" is missing");
            return refuse("missing_column", message);
        }
        let has_amount = has("amount") || has("debit") || has("credit");
        if let Some((name, _)) =
            [("date", has("date")), ("amount", has_amount)].into_iter().find(|(_, has)| !has)
        {
            return refuse("missing_column", format!("the column \"{name}\" is missing"));
        }
        if !(has("name") || has("merchant_name") || has("description")) {
            let message = "one of the columns name, merchant_name and description must be there";
            return refuse("missing_column", message.to_owned());
        }
        Ok(Self::Columns(names))
    }
}

/// What a row says.
fn row(
    names: &[Option<&'static str>],
    cells: &StringRecord,
    place: &Place,
    mapping: &CsvMapping,
) -> Result<Facts, Refusal> {
    if cells.len() != names.len() {
        let message = format!(
            "the header has {} columns, this row has {}: quote fields that hold a comma",
            names.len(),
            cells.len()
        );
        return Err(place.refuse("wrong_column_count", message));
    }
    let row = Row { names, cells, place, mapping };
    let [name, merchant_name, description] =
        ["name", "merchant_name", "description"].map(|column| row.get(column));
    let shown = name.or(description).or(merchant_name);
    let shown = shown.ok_or_else(|| place.member("name").missing())?;
    Ok(Facts {
        provider_id: row.get("transaction_id").map(str::to_owned),
        pending_id: None,
        account: row.get("account_id").map(str::to_owned).or_else(|| mapping.account.clone()),
        minute: None,
        date: row.date()?,
        amount: Amount::Known(row.amount()?),
        name: shown.to_owned(),
        merchant_name: merchant_name.map(str::to_owned),
        category: row.get("category").map(str::to_owned),
        pending: row.pending()?,
        recurring: false,
        extra: row.extra(name.and(description)),
    })
}

/// One row under its header.
struct Row<'a> {
    names: &'a [Option<&'static str>],
    cells: &'a StringRecord,
    place: &'a Place,
    mapping: &'a CsvMapping,
}

impl<'a> Row<'a> {
    fn get(&self, column: &str) -> Option<&'a str> {
        let at = self.names.iter().position(|name| *name == Some(column))?;
        self.cells.get(at).filter(|cell| !cell.is_empty())
    }

    fn need(&self, column: &str) -> Result<&'a str, Refusal> {
        self.get(column).ok_or_else(|| self.place.member(column).missing())
    }

    fn date(&self) -> Result<Date, Refusal> {
        let place = self.place.member("date");
        let text = self.need("date")?;
        let date = match &self.mapping.date_format {
            None => convert::date(text, &place)?,
            Some(format) => {
                let date = Date::strptime(format, text).map_err(|_| {
                    place.refuse("invalid_date", "not a date as date_format of the mapping says")
                })?;
                ensure_modern(date)
                    .map_err(|error| place.refuse(error.code(), error.to_string()))?
            }
        };
        ensure_past(date, self.mapping.latest, &place)?;
        Ok(date)
    }

    /// The amount, positive when money left the account.
    fn amount(&self) -> Result<Money, Refusal> {
        let has = |column| self.names.contains(&Some(column));
        if !has("debit") && !has("credit") {
            self.need("amount")?;
        }
        let negate = self.mapping.negate;
        let sides = [("amount", negate), ("debit", negate), ("credit", true)];
        let mut found: Option<Money> = None;
        for (column, negated) in sides {
            let Some(money) = self.money(column, negated)? else { continue };
            match found {
                Some(one) if one.minor() != 0 && money.minor() != 0 => {
                    let message = "debit and credit are both given: a row is one or the other";
                    return Err(self.place.member(column).refuse("two_amounts", message));
                }
                Some(one) if one.minor() != 0 => {}
                _ => found = Some(money),
            }
        }
        found.ok_or_else(|| self.place.member("debit").missing())
    }

    fn money(&self, column: &str, negated: bool) -> Result<Option<Money>, Refusal> {
        let Some(text) = self.get(column) else { return Ok(None) };
        let place = self.place.member(column);
        let plain = self.mapping.numbers.plain(text).ok_or_else(|| {
            let message = "not an amount as the mapping says (decimal, thousands; without them \
                           digits with an optional sign and point, such as -12.34)";
            place.refuse("malformed_amount", message)
        })?;
        let money = convert::money(&plain, self.currency()?, &place)?;
        let minor = if negated { money.minor().checked_neg() } else { Some(money.minor()) };
        let minor = minor.ok_or_else(|| {
            let message = "the amount is too large: it must fit in 64 bits of minor units";
            place.refuse("amount_overflow", message)
        })?;
        Ok(Some(Money::new(minor, money.currency())))
    }

    fn currency(&self) -> Result<Currency, Refusal> {
        let Some(code) = self.get("currency") else { return Ok(self.mapping.default_currency) };
        code.to_ascii_uppercase().parse().map_err(|_| {
            let message = "unknown currency (write an ISO 4217 code such as USD)";
            self.place.member("currency").refuse("unknown_currency", message)
        })
    }

    fn pending(&self) -> Result<bool, Refusal> {
        match self.get("pending").map(str::to_ascii_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => {
                let message = "expected true, false or nothing";
                Err(self.place.member("pending").refuse("wrong_type", message))
            }
        }
    }

    fn extra(&self, description: Option<&str>) -> Option<String> {
        let description = description.unwrap_or_default();
        raw::texts([("description", description.to_owned())])
    }
}

/// Refuses a day that nobody can know anything of yet.
///
/// # Errors
/// `date_in_future`.
pub(super) fn ensure_past(date: Date, latest: Option<Date>, place: &Place) -> Result<(), Refusal> {
    match latest {
        Some(latest) if date > latest => {
            let message = format!("the day lies in the future (the last one is {latest})");
            Err(place.refuse("date_in_future", message))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use payme_core::sync::Transaction;

    use super::*;

    fn user() -> UserId {
        "00000000-0000-4000-8000-000000000001".parse().unwrap()
    }

    fn rows(text: &str) -> Vec<Transaction> {
        let file = read(text, user(), &CsvMapping::default()).unwrap();
        assert_eq!(file.refused, [], "{text}");
        let records = file.pages.into_iter().flat_map(|page| page.upserts);
        records
            .map(|record| match record {
                Record::Transaction(transaction) => transaction,
                Record::Message(_) => panic!("a message"),
            })
            .collect()
    }

    fn refused(text: &str) -> (u64, &'static str, String) {
        let refusal = match read(text, user(), &CsvMapping::default()) {
            Err(refusal) => refusal,
            Ok(mut file) => file.refused.remove(0),
        };
        assert!(!refusal.message.contains("Secret"), "{}", refusal.message);
        (refusal.line, refusal.code, refusal.path)
    }

    #[test]
    fn a_row_reads_whatever_the_order_and_case_of_the_columns() {
        let text = "AMOUNT, Description ,date,Merchant_Name,name,currency,category,pending,\
            account_id,transaction_id\r\n\r\n\
            \"-1.50\",\"A \"\"b\"\", c\nd\", 2024-02-29 ,,N,eur,FOOD,TRUE,acc,t-1\r\n,,,,,,,,,\n";
        let [row] = rows(text).try_into().unwrap();
        assert_eq!(row.amount.map(|money| money.to_string()).as_deref(), Some("-1.50 EUR"));
        assert_eq!((row.name.as_str(), row.merchant_name), ("N", None));
        assert_eq!(row.category.as_deref(), Some("FOOD"));
        assert!(row.pending && !row.recurring && row.supersedes.is_none());
        assert_eq!((row.account.as_deref(), row.has_own_id), (Some("acc"), true));
        let extra = r#"{"description":"A \"b\", c\nd"}"#;
        assert_eq!(row.extra.as_deref(), Some(extra));
        let source = payme_core::types::Source::Plaid;
        assert_eq!(row.id, payme_core::sync::record_id(user(), source, "t-1"));
    }

    #[test]
    fn a_row_is_named_by_what_there_is() {
        #[rustfmt::skip]
        let table = [
            ("N,D,M", "N", Some("M")),
            (",D,M",  "D", Some("M")),
            (",,M",   "M", Some("M")),
            ("N,,",   "N", None),
        ];
        for (cells, name, merchant) in table {
            let text = format!("date,amount,name,description,merchant_name\n2024-01-01,1,{cells}");
            let row = rows(&text).remove(0);
            assert_eq!((row.name.as_str(), row.merchant_name.as_deref()), (name, merchant));
        }
    }

    #[test]
    fn equal_rows_stay_two_and_keep_their_ids_in_a_longer_file() {
        let short = "date,amount,name\n2024-01-01,5,A\n2024-01-01,5.00,A\n";
        let long = format!("{short}2024-01-01,5,B\n2024-01-01,5,A\n");
        let ids = |text: &str| rows(text).into_iter().map(|row| row.id).collect::<Vec<_>>();
        let (short, long) = (ids(short), ids(&long));
        assert_eq!(short, long[..2]);
        let distinct: std::collections::BTreeSet<_> = long.iter().collect();
        assert_eq!(distinct.len(), 4);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let two = "date,amount,name,currency,pending\n";
        #[rustfmt::skip]
        let table = [
            ("date,amount,Secret\n".to_owned(),                    (1, "unknown_column",     "$")),
            ("2024-01-01,Secret Shop,5\n".to_owned(),              (1, "unknown_column",     "$")),
            ("\n\ndate,Date,amount,name\n".to_owned(),             (3, "duplicate_column",   "$")),
            ("amount,name\n".to_owned(),                           (1, "missing_column",     "$")),
            ("date,name\n".to_owned(),                             (1, "missing_column",     "$")),
            ("date,amount,category\n".to_owned(),                  (1, "missing_column",     "$")),
            (format!("{two}2024-01-01,1,Secret\n"),                (2, "wrong_column_count", "$[0]")),
            (format!("{two}\n\n2024-13-01,1,Secret,,\n"),          (4, "invalid_date",       "$[0].date")),
            (format!("{two}1899-01-01,1,Secret,,\n"),              (2, "date_before_1900",   "$[0].date")),
            (format!("{two},1,Secret,,\n"),                        (2, "missing_field",      "$[0].date")),
            (format!("{two}2024-01-01,,Secret,,\n"),               (2, "missing_field",      "$[0].amount")),
            (format!("{two}2024-01-01,$1,Secret,,\n"),             (2, "malformed_amount",   "$[0].amount")),
            (format!("{two}2024-01-01,1.005,Secret,,\n"),          (2, "amount_too_fine",    "$[0].amount")),
            (format!("{two}2024-01-01,1,,,\n"),                    (2, "missing_field",      "$[0].name")),
            (format!("{two}2024-01-01,1,S,Secret,\n"),             (2, "unknown_currency",   "$[0].currency")),
            (format!("{two}2024-01-01,1,S,,maybe\n"),              (2, "wrong_type",         "$[0].pending")),
            (format!("{two}2024-01-01,1,S,,\n2024-01-01,1,\"x\ny,,\n"), (3, "unclosed_quote", "$")),
            (format!("{two}2024-01-01,1,\"S,,\n2024-01-02,1,\"T\",,\n"), (2, "malformed_csv", "$")),
        ];
        for (text, (line, code, path)) in table {
            assert_eq!(refused(&text), (line, code, path.to_owned()), "{text}");
        }
    }
}

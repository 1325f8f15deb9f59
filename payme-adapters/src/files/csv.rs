//! Transactions in CSV, as people write them: a header, known columns only, exact amounts.

use csv::{ReaderBuilder, StringRecord, Trim};
use payme_core::sync::Record;
use payme_core::types::json::Refusal;
use payme_core::types::{Currency, UserId};

use super::raw::{self, Lines, Place};
use super::{Intake, RecordFile};
use crate::plaid::convert::{self, Amount, Facts, Ids};

/// The columns a file may have, in any order and case.
const COLUMNS: [&str; 10] = [
    "date",
    "amount",
    "name",
    "merchant_name",
    "description",
    "currency",
    "category",
    "transaction_id",
    "account_id",
    "pending",
];

/// Reads a CSV file with a header.
///
/// # Errors
/// A refusal of the header, or of quotes that do not pair up.
pub(super) fn read(text: &str, user: UserId) -> Result<RecordFile, Refusal> {
    check_quotes(text)?;
    let mut lines = Lines::new(text.as_bytes());
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut header = None;
    let mut ids = Ids::new(user);
    let mut intake = Intake::default();
    let mut cells = StringRecord::new();
    let mut start = 0;
    let mut index = 0;
    while reader.read_record(&mut cells).map_err(|_| unreadable(lines.at(start)))? {
        let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        let source = text.get(start..end).unwrap_or_default();
        // The reader skips empty lines, which still count as lines.
        let blank = source.len() - source.trim_start_matches(['\r', '\n']).len();
        let line = lines.at(start + blank);
        start = end;
        if cells.iter().all(str::is_empty) {
            continue;
        }
        let Some(header) = &header else {
            header = Some(Header::read(&cells, line)?);
            continue;
        };
        let place = Place::root(line).item(index, line);
        index += 1;
        let row = header.row(&cells, &place);
        intake.upsert(row.map(|facts| Record::Transaction(ids.transaction(facts))))?;
    }
    Ok(intake.finish())
}

fn unreadable(line: u64) -> Refusal {
    Refusal::on_line(line, "malformed_csv", "not CSV: save the table as comma-separated UTF-8")
}

/// Refuses a text whose quotes do not pair up: where one is missing, the rows behind it would be
/// taken for the rest of a field.
fn check_quotes(text: &str) -> Result<(), Refusal> {
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
    let mut opened = 0;
    for (offset, byte) in text.bytes().enumerate() {
        at = match (at, byte) {
            (At::FieldStart, b'"') => {
                opened = offset;
                At::Quoted
            }
            (At::Quoted, b'"') => At::QuoteInQuoted,
            (At::Quoted, _) | (At::QuoteInQuoted, b'"') => At::Quoted,
            (_, b',' | b'\n' | b'\r') => At::FieldStart,
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

/// Which column stands where.
#[derive(Debug)]
struct Header {
    names: Vec<&'static str>,
}

impl Header {
    fn read(cells: &StringRecord, line: u64) -> Result<Self, Refusal> {
        let refuse = |code, message| Err(Refusal::on_line(line, code, message));
        let mut names = Vec::new();
        for (number, cell) in (1..).zip(cells) {
            let cell = cell.to_ascii_lowercase();
            match COLUMNS.into_iter().find(|name| *name == cell) {
                // A cell may be a person's own: a file without a header starts with a row.
                None => {
                    let message =
                        format!("column {number} is not known (known: {})", COLUMNS.join(", "));
                    return refuse("unknown_column", message);
                }
                Some(name) if names.contains(&name) => {
                    let message = format!("the column \"{name}\" is there twice: keep one");
                    return refuse("duplicate_column", message);
                }
                Some(name) => names.push(name),
            }
        }
        let has = |name| names.contains(&name);
        if let Some(name) = ["date", "amount"].into_iter().find(|name| !has(name)) {
            return refuse("missing_column", format!("the column \"{name}\" is missing"));
        }
        if !(has("name") || has("merchant_name") || has("description")) {
            let message = "one of the columns name, merchant_name and description must be there";
            return refuse("missing_column", message.to_owned());
        }
        Ok(Self { names })
    }

    fn row(&self, cells: &StringRecord, place: &Place) -> Result<Facts, Refusal> {
        if cells.len() != self.names.len() {
            let message = format!(
                "the header has {} columns, this row has {}: quote fields that hold a comma",
                self.names.len(),
                cells.len()
            );
            return Err(place.refuse("wrong_column_count", message));
        }
        let row = Row { header: self, cells, place };
        let [name, merchant_name, description] =
            ["name", "merchant_name", "description"].map(|column| row.get(column));
        let shown = name.or(description).or(merchant_name);
        let shown = shown.ok_or_else(|| place.member("name").missing())?;
        Ok(Facts {
            provider_id: row.get("transaction_id").map(str::to_owned),
            pending_id: None,
            account: row.get("account_id").map(str::to_owned),
            minute: None,
            date: convert::date(row.need("date")?, &place.member("date"))?,
            amount: Amount::Known(convert::money(
                row.need("amount")?,
                row.currency()?,
                &place.member("amount"),
            )?),
            name: shown.to_owned(),
            merchant_name: merchant_name.map(str::to_owned),
            category: row.get("category").map(str::to_owned),
            pending: row.pending()?,
            recurring: false,
            extra: row.extra(name.and(description)),
        })
    }
}

/// One row under its header.
struct Row<'a> {
    header: &'a Header,
    cells: &'a StringRecord,
    place: &'a Place,
}

impl<'a> Row<'a> {
    fn get(&self, column: &str) -> Option<&'a str> {
        let at = self.header.names.iter().position(|name| *name == column)?;
        self.cells.get(at).filter(|cell| !cell.is_empty())
    }

    fn need(&self, column: &str) -> Result<&'a str, Refusal> {
        self.get(column).ok_or_else(|| self.place.member(column).missing())
    }

    fn currency(&self) -> Result<Currency, Refusal> {
        let code = self.get("currency").unwrap_or("USD").to_ascii_uppercase();
        code.parse().map_err(|_| {
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

#[cfg(test)]
mod tests {
    use payme_core::sync::Transaction;

    use super::*;

    fn user() -> UserId {
        "00000000-0000-4000-8000-000000000001".parse().unwrap()
    }

    fn rows(text: &str) -> Vec<Transaction> {
        let file = read(text, user()).unwrap();
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
        let refusal = match read(text, user()) {
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

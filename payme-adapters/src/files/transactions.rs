//! Transactions out of a file: Plaid's JSON in each of its shapes, or CSV.

use payme_core::sync::Record;
use payme_core::types::json::{self, Refusal};
use payme_core::types::{Date, Source, UserId};
use serde_json::value::RawValue;

use super::raw::{self, Fields, Lines, Place};
use super::{CsvMapping, Intake, RecordFile, csv, is_json};
use crate::plaid::convert::{self, Ids};
use crate::plaid::wire::{self, Dialect};

/// Reads a file of bank transactions. A row that is wrong is refused; the others are taken.
///
/// The content tells the format:
/// - pages of transactions/sync (`added`, `modified`, `removed`): one, a list of them, or one
///   after another;
/// - a list of transaction objects, or an object with a `transactions` list;
/// - a sandbox custom user (`override_accounts`);
/// - CSV with a header: `date`, `amount` and one of `name`, `merchant_name`, `description`;
/// - CSV that [`write_transactions_csv`](super::write_transactions_csv) wrote.
///
/// Amounts are positive when money leaves the account. A transaction that comes without an id
/// gets one that is derived from the row, so importing a file twice changes nothing.
///
/// # Errors
/// A [`Refusal`] when the file as a whole is not UTF-8, empty, not JSON, of another shape, or has
/// a wrong header.
/// ```
/// use payme_adapters::files::read_transactions;
/// let user = "6f1d2c3b-4a59-4e68-8d77-0123456789ab".parse()?;
/// let csv = b"date,amount,name\n2024-02-29,4.50,Shop\n2024-02-30,1,Shop";
/// let file = read_transactions(csv, user)?;
/// assert_eq!(file.pages[0].upserts.len(), 1);
/// assert_eq!((file.refused[0].line, file.refused[0].code), (3, "invalid_date"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_transactions(bytes: &[u8], user: UserId) -> Result<RecordFile, Refusal> {
    read_transactions_with(bytes, user, &CsvMapping::default())
}

/// Reads a file of bank transactions as [`read_transactions`] does, or CSV by a mapping.
///
/// Where the mapping makes a setting, the file is CSV. A mapping with a
/// [latest day](CsvMapping::with_latest) refuses what lies behind it, whatever the format.
///
/// # Errors
/// As [`read_transactions`].
pub fn read_transactions_with(
    bytes: &[u8],
    user: UserId,
    mapping: &CsvMapping,
) -> Result<RecordFile, Refusal> {
    let text = json::utf8(bytes)?;
    if !mapping.is_plain() || !is_json(text) {
        return csv::read(text, user, mapping);
    }
    let mut reader = Reader {
        lines: Lines::new(text.as_bytes()),
        ids: Ids::new(user),
        intake: Intake::default(),
        latest: mapping.latest,
    };
    raw::each_document(text, |document, alone| match document {
        Ok(raw) => reader.document(raw, alone),
        Err(refusal) => reader.intake.refuse(refusal),
    })?;
    Ok(reader.intake.finish())
}

struct Reader<'a> {
    lines: Lines<'a>,
    ids: Ids,
    intake: Intake,
    latest: Option<Date>,
}

/// What an object is, told by its members.
enum Shape {
    Page,
    Response,
    CustomUser,
    Transaction,
    Unknown,
}

impl Shape {
    fn of(fields: &Fields<'_>) -> Self {
        if fields.has_any(&["override_accounts"]) {
            Self::CustomUser
        } else if fields.has_any(&["added", "modified", "removed"]) {
            Self::Page
        } else if fields.has_any(&["transactions"]) {
            Self::Response
        } else if fields.has_any(&["transaction_id", "amount"]) {
            Self::Transaction
        } else {
            Self::Unknown
        }
    }
}

impl<'a> Reader<'a> {
    fn document(&mut self, raw: &'a RawValue, alone: bool) -> Result<(), Refusal> {
        let place = Place::root(self.lines.of(raw));
        if raw::is_list(raw) {
            return raw::each_item(raw, &place, |index, item| {
                let place = place.item(index, self.lines.of(item));
                match Fields::read(item, place) {
                    Ok(fields) => self.object(fields),
                    Err(refusal) => self.intake.refuse(refusal),
                }
            });
        }
        let read = Fields::read(raw, place).and_then(|fields| match Shape::of(&fields) {
            Shape::Unknown => Err(fields.place.refuse(
                "unknown_shape",
                "no transactions here (expected a transactions/sync page, a list of \
                 transactions, or a custom user with override_accounts)",
            )),
            _ => Ok(fields),
        });
        match read {
            Ok(fields) => self.object(fields),
            Err(refusal) if alone => Err(refusal),
            Err(refusal) => self.intake.refuse(refusal),
        }
    }

    /// An object; inside a list, one of no known shape is a transaction that lacks fields.
    fn object(&mut self, fields: Fields<'a>) -> Result<(), Refusal> {
        match Shape::of(&fields) {
            Shape::Page => self.page(&fields),
            Shape::Response => self.list(&fields, "transactions", |reader, raw, place| {
                reader.row(raw, place, wire::API, "")
            }),
            Shape::CustomUser => {
                let mut next = 0;
                self.list(&fields, "override_accounts", |reader, raw, place| {
                    next += 1;
                    reader.account(raw, place, next - 1)
                })
            }
            Shape::Transaction | Shape::Unknown => self.fields(Ok(fields), wire::API, ""),
        }
    }

    fn page(&mut self, fields: &Fields<'a>) -> Result<(), Refusal> {
        self.intake.end_rows();
        for name in ["added", "modified"] {
            self.list(fields, name, |reader, raw, place| reader.row(raw, place, wire::API, ""))?;
        }
        self.list(fields, "removed", |reader, raw, place| {
            let id = Fields::read(raw, place).and_then(|mut fields| {
                let id = fields.take_text("transaction_id")?;
                id.ok_or_else(|| fields.place.member("transaction_id").missing())
            });
            let id = id.map(|id| reader.ids.removed(&id));
            reader.intake.removal(id)
        })?;
        let cursor = fields.peek_text("next_cursor").ok().flatten().unwrap_or_default();
        self.intake.end_page(self.ids.user(), Source::Plaid, &cursor);
        Ok(())
    }

    /// An account of a custom user; its kind and position stand for it in derived ids.
    fn account(&mut self, raw: &'a RawValue, place: Place, position: usize) -> Result<(), Refusal> {
        let read = Fields::read(raw, place).and_then(|mut fields| {
            let kind = fields.take_text("type")?.unwrap_or_default();
            let subtype = fields.take_text("subtype")?.unwrap_or_default();
            Ok((fields, format!("{kind}/{subtype}/{position}")))
        });
        match read {
            Ok((fields, account)) => self.list(&fields, "transactions", |reader, raw, place| {
                reader.row(raw, place, wire::CUSTOM_USER, &account)
            }),
            Err(refusal) => self.intake.refuse(refusal),
        }
    }

    /// Each element of a list that may be absent.
    fn list(
        &mut self,
        fields: &Fields<'a>,
        name: &str,
        mut visit: impl FnMut(&mut Self, &'a RawValue, Place) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let Some(raw) = fields.peek(name) else { return Ok(()) };
        let place = fields.place.member(name);
        if !raw::is_list(raw) {
            return self.intake.refuse(place.wrong_type("a list", raw));
        }
        raw::each_item(raw, &place, |index, item| {
            let place = place.item(index, self.lines.of(item));
            visit(self, item, place)
        })
    }

    fn row(
        &mut self,
        raw: &'a RawValue,
        place: Place,
        dialect: Dialect,
        account: &str,
    ) -> Result<(), Refusal> {
        self.fields(Fields::read(raw, place), dialect, account)
    }

    fn fields(
        &mut self,
        fields: Result<Fields<'a>, Refusal>,
        dialect: Dialect,
        account: &str,
    ) -> Result<(), Refusal> {
        let facts =
            fields.and_then(|fields| wire::Transaction::read(fields, dialect)).and_then(|wire| {
                let place = wire.date.1.clone();
                let facts = convert::facts(wire, account)?;
                csv::ensure_past(facts.date, self.latest, &place)?;
                Ok(facts)
            });
        let row = facts.map(|facts| Record::Transaction(self.ids.transaction(facts)));
        self.intake.upsert(row)
    }
}

#[cfg(test)]
mod tests {
    use payme_core::sync::{Page, plan_pages, record_id};
    use payme_core::types::Source;
    use proptest::prelude::*;

    use super::*;

    fn user() -> UserId {
        "00000000-0000-4000-8000-000000000001".parse().unwrap()
    }

    fn read(text: &str) -> RecordFile {
        read_transactions(text.as_bytes(), user()).unwrap()
    }

    fn row(id: &str, amount: &str) -> String {
        format!(
            r#"{{"transaction_id": "{id}", "amount": {amount}, "date": "2024-02-29", "name": "Secret"}}"#
        )
    }

    /// How many upserts and removals each page has, and how many rows were refused.
    fn counts(file: &RecordFile) -> (Vec<(usize, usize)>, usize) {
        let pages = file.pages.iter().map(|page| (page.upserts.len(), page.removals.len()));
        (pages.collect(), file.refused.len())
    }

    #[test]
    fn each_shape_gives_its_pages() {
        let [a, b, c] = [row("a", "1"), row("b", "2"), row("c", "3")];
        let page = format!(
            r#"{{"added": [{a}, {b}], "modified": [{c}], "removed": [{{"transaction_id": "z"}}]}}"#
        );
        let custom = r#"{"amount": 1, "date_transacted": "2024-01-01", "description": "D"}"#;
        #[rustfmt::skip]
        let table = [
            (page.clone(),                                             vec![(3, 1)]),
            (format!("\u{feff}[{page}, {page}]"),                      vec![(3, 1), (3, 1)]),
            (format!("{page}\n{page}\n"),                              vec![(3, 1), (3, 1)]),
            (format!("{page} {page}"),                                 vec![(3, 1), (3, 1)]),
            (r#"{"added": [], "modified": null, "removed": []}"#.to_owned(), vec![(0, 0)]),
            (format!("[{a}, {b}]"),                                    vec![(2, 0)]),
            (format!("{a}\n{b}\n{c}"),                                 vec![(3, 0)]),
            (a.clone(),                                                vec![(1, 0)]),
            (format!("[{a}, {page}, {b}]"),                            vec![(1, 0), (3, 1), (1, 0)]),
            (format!(r#"{{"accounts": [], "transactions": [{a}, {b}]}}"#), vec![(2, 0)]),
            (r#"{"transactions": null}"#.to_owned(),                   vec![]),
            (format!("{{\"transactions\": [\n{}\n]}}", row("a", "1")), vec![(1, 0)]),
            ("[]".to_owned(),                                          vec![]),
            (format!(r#"{{"override_accounts": [{{"type": "x"}}, {{"transactions": [{custom}, {custom}]}}]}}"#), vec![(2, 0)]),
        ];
        for (text, pages) in table {
            assert_eq!(counts(&read(&text)), (pages, 0), "{text}");
        }
    }

    #[test]
    fn a_page_keeps_its_order_and_its_ids() {
        let text = format!(
            r#"{{"removed": [{{"transaction_id": "z"}}], "modified": [{}], "added": [{}]}}"#,
            row("m", "1"),
            row("a", "2")
        );
        let [Page { upserts, removals, .. }] = read(&text).pages.try_into().unwrap();
        let id = |id| record_id(user(), Source::Plaid, id);
        let ids: Vec<_> = upserts.iter().map(Record::id).collect();
        assert_eq!((ids, removals), (vec![id("a"), id("m")], vec![id("z")]));
    }

    #[test]
    fn a_wrong_row_is_refused_alone_with_its_line_and_path() {
        let good = row("a", "1");
        let text = format!(
            "[\n{good},\n{{\"added\": [{good},\n {},\n 7], \"removed\": [\n{{}}, \"x\"]}},\n{{\"date\": 1}},\n3]",
            row("b", "0.001")
        );
        let file = read(&text);
        let got: Vec<_> = file.refused.iter().map(|r| (r.line, r.code, r.path.as_str())).collect();
        #[rustfmt::skip]
        let expected = [
            (4, "amount_too_fine", "$[1].added[1].amount"),
            (5, "wrong_type",      "$[1].added[2]"),
            (6, "missing_field",   "$[1].removed[0].transaction_id"),
            (6, "wrong_type",      "$[1].removed[1]"),
            (7, "missing_field",   "$[2].name"),
            (8, "wrong_type",      "$[3]"),
        ];
        assert_eq!(got, expected);
        assert_eq!((file.rows, counts(&file).0), (8, vec![(1, 0), (1, 0)]));
        assert!(file.refused.iter().all(|r| !r.to_string().contains("Secret")));
    }

    #[test]
    fn refusals_come_in_the_order_of_their_lines() {
        let refused = read("{\"removed\": [{}],\n\"modified\": [1],\n\"added\": [2]}").refused;
        let got: Vec<_> = refused.iter().map(|r| (r.line, r.path.as_str())).collect();
        let expected =
            [(1, "$.removed[0].transaction_id"), (2, "$.modified[0]"), (3, "$.added[0]")];
        assert_eq!(got, expected);
    }

    #[test]
    fn wrong_lists_and_accounts_are_refused_where_they_stand() {
        #[rustfmt::skip]
        let table = [
            (r#"{"added": {}}"#,                                  "$.added"),
            (r#"{"transactions": 1}"#,                            "$.transactions"),
            (r#"{"override_accounts": "x"}"#,                     "$.override_accounts"),
            (r#"{"override_accounts": [1]}"#,                     "$.override_accounts[0]"),
            (r#"{"override_accounts": [{"type": 1}]}"#,           "$.override_accounts[0].type"),
            (r#"{"override_accounts": [{"transactions": {}}]}"#,  "$.override_accounts[0].transactions"),
        ];
        for (text, path) in table {
            let refused = read(text).refused;
            assert_eq!((refused[0].code, refused[0].path.as_str()), ("wrong_type", path));
        }
    }

    #[test]
    fn what_is_no_file_of_transactions_is_refused_whole() {
        #[rustfmt::skip]
        let table = [
            (&b"{}"[..],                     1, "unknown_shape"),
            (b"\n{\"ocr_status\": {}}",      2, "unknown_shape"),
            (b"{\"a\": 1, \"a\": 2}",        1, "duplicate_member"),
            (b"[\n{\"amount\": }]",          2, "malformed_json"),
            (b"[{}",                         1, "malformed_json"),
            (b"[\n\xff]",                    2, "invalid_utf8"),
            (b"Hello",                       1, "unknown_column"),
        ];
        for (bytes, line, code) in table {
            let refusal = read_transactions(bytes, user()).unwrap_err();
            assert_eq!((refusal.line, refusal.code), (line, code));
        }
        let file = read(&format!("{}\n{{}}\n{{\"a\":", row("a", "1")));
        let got: Vec<_> = file.refused.iter().map(|r| (r.line, r.code)).collect();
        assert_eq!(got, [(2, "unknown_shape"), (3, "malformed_json")]);
    }

    #[test]
    fn the_later_of_two_rows_of_one_id_counts() {
        let file = read(&format!("[{}, {}]", row("a", "1"), row("a", "2")));
        assert_eq!(counts(&file), (vec![(2, 0)], 0));
        let last = file.pages[0].upserts[1].clone();
        let plan = plan_pages(&Default::default(), file.pages);
        assert_eq!(plan.added, [last]);
    }

    #[test]
    fn equal_purchases_on_two_accounts_have_two_ids() {
        let row = r#"{"amount": 1, "date_transacted": "2024-01-01", "description": "D"}"#;
        let account = format!(r#"{{"type": "t", "subtype": "s", "transactions": [{row}]}}"#);
        let file = read(&format!(r#"{{"override_accounts": [{account}, {account}]}}"#));
        let ids: Vec<_> = file.pages[0].upserts.iter().map(Record::id).collect();
        let expected = |n| {
            let text = format!("derived\nt/s/{n}\n2024-01-01\n100 USD\nD\n0");
            record_id(user(), Source::Plaid, &text)
        };
        assert_eq!(ids, [expected(0), expected(1)]);
    }

    proptest! {
        #[test]
        fn the_layout_of_pages_changes_nothing(
            pages in prop::collection::vec(prop::collection::vec((0_u8..9, 0_u16..500), 0..4), 1..4),
        ) {
            let pages: Vec<String> = pages.iter().map(|rows| {
                let rows: Vec<_> =
                    rows.iter().map(|(id, cents)| row(&id.to_string(), &cents.to_string())).collect();
                format!(r#"{{"added": [{}]}}"#, rows.join(", "))
            }).collect();
            let list = read(&format!("[{}]", pages.join(",\n")));
            prop_assert_eq!(&read(&pages.join("\n")), &list);
            prop_assert_eq!(&read(&pages.join(" ")), &list);
            let alone: Vec<_> = pages.iter().flat_map(|page| read(page).pages).collect();
            prop_assert_eq!(alone, list.pages);
        }

        #[test]
        fn a_longer_export_of_the_same_rows_keeps_their_ids(
            rows in prop::collection::vec((0_u8..3, 1_u8..3), 0..8), at in 0_usize..8,
        ) {
            let line = |(name, amount): &(u8, u8)| format!("2024-01-01,{amount},shop {name}\n");
            let text = |rows: &[_]| rows.iter().map(line).fold("date,amount,name\n".to_owned(), |a, b| a + &b);
            let ids = |rows: &[_]| -> Vec<_> {
                read(&text(rows)).pages.iter().flat_map(|page| &page.upserts).map(Record::id).collect()
            };
            let at = at.min(rows.len());
            let all = ids(&rows);
            prop_assert_eq!(&ids(&rows[..at]), &all[..at]);
            let distinct: std::collections::BTreeSet<_> = all.iter().collect();
            prop_assert_eq!(distinct.len(), rows.len());
        }
    }
}

//! CSV by a mapping, and exports that are read back.

use std::collections::{BTreeMap, BTreeSet};

use payme_core::evidence::ledger::{Correction, view};
use payme_core::sync::{Record, StoredRecord, Transaction, plan_pages, record_id};
use payme_core::types::json::Refusal;
use payme_core::types::{Instant, Money, RecordId, Source, UserId};
use proptest::prelude::*;

use super::{
    CsvMapping, RecordFile, read_transactions, read_transactions_with, write_transactions_csv,
    write_transactions_jsonl,
};

fn user() -> UserId {
    "00000000-0000-4000-8000-000000000001".parse().unwrap()
}

fn read(settings: &[&str], text: &str) -> Result<RecordFile, Refusal> {
    read_transactions_with(text.as_bytes(), user(), &CsvMapping::parse(settings).unwrap())
}

fn upserts(file: &RecordFile) -> Vec<Transaction> {
    let records = file.pages.iter().flat_map(|page| &page.upserts);
    let transactions = records.map(|record| match record {
        Record::Transaction(transaction) => transaction.clone(),
        Record::Message(_) => panic!("a message"),
    });
    transactions.collect()
}

fn rows(settings: &[&str], text: &str) -> Vec<Transaction> {
    let file = read(settings, text).unwrap();
    assert_eq!(file.refused, [], "{settings:?}");
    upserts(&file)
}

#[test]
fn files_of_banks_read_by_their_mapping() {
    let us = rows(
        &[
            "date=Transaction Date",
            "date_format=%m/%d/%Y",
            "debit=Debit",
            "credit=Credit",
            "category=Category",
            "thousands=,",
            "others=ignore",
        ],
        "Transaction Date,Posted Date,Card No.,Description,Category,Debit,Credit\n\
         2/9/2024,02/10/2024,1234,SHOP,Dining,\"1,004.50\",\n02/11/2024,02/12/2024,1234,REFUND,,0.00,5\n",
    );
    let told = |row: &Transaction| {
        (
            row.date.to_string(),
            row.amount.unwrap().to_string(),
            row.name.clone(),
            row.category.clone(),
        )
    };
    let text = |text: &str| text.to_owned();
    assert_eq!(
        told(&us[0]),
        (text("2024-02-09"), text("1004.50 USD"), text("SHOP"), Some(text("Dining")))
    );
    assert_eq!(told(&us[1]), (text("2024-02-11"), text("-5.00 USD"), text("REFUND"), None));
    assert!(us.iter().all(|row| row.extra.is_none()), "what is passed over is not kept");

    let german = rows(
        &[
            "skip=2",
            "delimiter=;",
            "decimal=,",
            "thousands=.",
            "date=Buchungstag",
            "date_format=%d.%m.%y",
            "amount=Betrag",
            "negate=true",
            "name=Verwendungszweck",
            "merchant_name=Empfänger",
            "default_currency=EUR",
            "account=giro",
            "others=ignore",
        ],
        "Konto;123\r\nStand;heute \" x\r\nBuchungstag;EMPFÄNGER;Verwendungszweck;Betrag;Saldo\r\n\
         29.02.24;Bäckerei;\"Brot; 2x\";-1.234,56;0\r\n",
    );
    assert_eq!(told(&german[0]), (text("2024-02-29"), text("1234.56 EUR"), text("Brot; 2x"), None));
    assert_eq!(
        (german[0].merchant_name.as_deref(), german[0].account.as_deref()),
        (Some("Bäckerei"), Some("giro"))
    );

    let tabs = rows(
        &["delimiter=tab", "debit=Out", "negate=true", "currency=Cur"],
        "date\tname\tOut\tCur\n2024-02-29\ta,\"b\t-5\tjpy\n",
    );
    assert_eq!(told(&tabs[0]), (text("2024-02-29"), text("5 JPY"), text("a,\"b"), None));
}

#[test]
fn a_fixed_account_keeps_equal_purchases_of_two_files_apart() {
    let text = "date,amount,name\n2024-02-29,5,Coffee\n2024-02-29,5,Coffee\n";
    let ids = |settings: &[&str]| rows(settings, text).iter().map(|row| row.id).collect::<Vec<_>>();
    let [plain, checking, card] = [&[][..], &["account=checking"], &["account=card"]].map(ids);
    assert_eq!(checking, ids(&["account=checking"]), "importing again changes nothing");
    let all: BTreeSet<RecordId> = [plain, checking, card].concat().into_iter().collect();
    assert_eq!(all.len(), 6);
    let own = rows(
        &["account=card"],
        "date,amount,name,account_id\n2024-02-29,5,Coffee,checking\n2024-02-29,5,Coffee,\n",
    );
    assert_eq!(own[0].account.as_deref(), Some("checking"));
    assert_eq!(own[1].account.as_deref(), Some("card"));
}

#[test]
fn a_mapping_that_says_nothing_reads_as_before() {
    let text = "date,amount,name,account_id\n2024-02-29,1.50,Shop,acc\n";
    let plain = read_transactions(text.as_bytes(), user());
    assert_eq!(read(&[], text), plain);
    let id = record_id(user(), Source::Plaid, "derived\nacc\n2024-02-29\n150 USD\nShop\n0");
    assert_eq!(upserts(&plain.unwrap())[0].id, id);
    for header in ["date,debit,name", "date,credit,amount,name"] {
        let refusal = read_transactions(format!("{header}\n").as_bytes(), user()).unwrap_err();
        assert_eq!(refusal.code, "unknown_column", "{header}");
    }
}

#[test]
fn a_wrong_row_is_refused_with_its_reason_and_the_others_are_taken() {
    let settings =
        ["date=Day", "date_format=%m/%d/%Y", "debit=Out", "credit=In", "currency=Cur", "skip=1"];
    let mapping = CsvMapping::parse(settings).unwrap().with_latest("2024-03-01".parse().unwrap());
    #[rustfmt::skip]
    let table = [
        ("13/40/2024,Secret,1,,",    "invalid_date",       "date"),
        ("2024-02-29,Secret,1,,",    "invalid_date",       "date"),
        (",Secret,1,,",              "missing_field",      "date"),
        ("02/29/1824,Secret,1,,",    "date_before_1900",   "date"),
        ("03/02/2024,Secret,1,,",    "date_in_future",     "date"),
        ("02/29/2024,Secret,,,",     "missing_field",      "debit"),
        ("02/29/2024,Secret,1,2,",   "two_amounts",        "credit"),
        ("02/29/2024,Secret,\"1,2\",,", "malformed_amount", "debit"),
        ("02/29/2024,Secret,$1,,",   "malformed_amount",   "debit"),
        ("02/29/2024,Secret,1.005,,", "amount_too_fine",   "debit"),
        ("02/29/2024,Secret,1e40,,", "amount_overflow",    "debit"),
        ("02/29/2024,Secret,,-92233720368547758.08,", "amount_overflow", "credit"),
        ("02/29/2024,Secret,1,,Secret", "unknown_currency", "currency"),
        ("02/29/2024,,1,,",          "missing_field",      "name"),
        ("02/29/2024,Secret,1,",     "wrong_column_count", ""),
    ];
    for (row, code, member) in table {
        let text = format!(
            "Export of Secret\nDay,Name,Out,In,Cur\n03/01/2024,Good,0,,usd\n{row}\n03/01/2024,Good,1,,\n"
        );
        let file = read_transactions_with(text.as_bytes(), user(), &mapping).unwrap();
        assert_eq!((file.rows, upserts(&file).len()), (3, 2), "{row}");
        let [refusal] = file.refused.try_into().unwrap();
        let path = if member.is_empty() { "$[1]".to_owned() } else { format!("$[1].{member}") };
        assert_eq!((refusal.line, refusal.code, refusal.path), (4, code, path), "{row}");
        assert!(!refusal.message.contains("Secret"), "{}", refusal.message);
    }
}

#[test]
fn a_wrong_header_refuses_the_file() {
    #[rustfmt::skip]
    let table: [(&[&str], &str, u64, &str); 8] = [
        (&["date=Day"],                   "date,amount,name\n",              1, "unknown_column"),
        (&["date=Day", "others=ignore"],  "date,amount,name\n",              1, "missing_column"),
        (&["debit=Out"],                  "date,amount,name,Out\n",          1, "unknown_column"),
        (&["others=ignore"],              "Day,amount,name\n",               1, "missing_column"),
        (&["others=ignore"],              "date,amount,Payee\n",             1, "missing_column"),
        (&["name=Payee", "skip=1"],       "x\ndate,amount,Payee,PAYEE\n",    2, "duplicate_column"),
        (&["skip=3"],                     "date,amount,name\n",              1, "missing_header"),
        (&["skip=1", "delimiter=;"],      "\"x\ndate;amount;\"name\n",       2, "unclosed_quote"),
    ];
    for (settings, text, line, code) in table {
        let refusal = read(settings, text).unwrap_err();
        assert_eq!((refusal.line, refusal.code), (line, code), "{settings:?} {text:?}");
    }
    // With a setting a file is CSV, whatever it looks like.
    assert_eq!(read(&["skip=0"], "[{}]").unwrap_err().code, "unknown_column");
}

#[test]
fn the_future_is_refused_in_every_format() {
    let mapping = CsvMapping::default().with_latest("2024-03-01".parse().unwrap());
    let row = |date: &str| {
        format!(r#"{{"transaction_id": "t{date}", "amount": 1, "date": "{date}", "name": "N"}}"#)
    };
    for text in [
        format!("[{},\n{}]", row("2024-03-01"), row("2024-03-02")),
        "date,amount,name\n2024-03-01,1,N\n2099-03-02,1,N\n".to_owned(),
    ] {
        let file = read_transactions_with(text.as_bytes(), user(), &mapping).unwrap();
        assert_eq!((upserts(&file).len(), file.refused.len()), (1, 1), "{text}");
        assert_eq!(file.refused[0].code, "date_in_future");
    }
}

fn export(records: &[Record], corrections: &[Correction]) -> Vec<u8> {
    let mut out = Vec::new();
    write_transactions_csv(&view(records, corrections), &mut out).unwrap();
    out
}

/// Records of every kind: of a feed with fields that nobody knows, of CSV, in an unknown currency.
fn sample() -> Vec<Record> {
    let feed = br#"[{"transaction_id": "t1", "amount": 12.5, "date": "2024-02-29", "name": "=cmd|' /C calc'!A0", "merchant_name": "+Shop",
        "account_id": "-acc", "datetime": "2024-02-29T10:00:00Z", "location": {"lat": 1.5}, "category": ["@Food"], "stream_id": "s"},
        {"transaction_id": "t2", "amount": 2, "unofficial_currency_code": "BTC", "date": "2024-02-28", "name": "'Coin", "pending": true},
        {"transaction_id": "t3", "amount": -7, "date": "2024-02-27", "name": "\tTab, \"quote\"\nline", "pending_transaction_id": "t0"}]"#;
    let csv = b"date,amount,name,description\n2024-02-29,5,Coffee,D\n2024-02-29,5,Coffee,D\n2024-01-01,-0.01,  - dash,\n";
    let files = [read_transactions(feed, user()).unwrap(), read_transactions(csv, user()).unwrap()];
    assert!(files.iter().all(|file| file.refused.is_empty()));
    files.into_iter().flat_map(|file| file.pages).flat_map(|page| page.upserts).collect()
}

fn stored(records: &[Record]) -> BTreeMap<RecordId, StoredRecord> {
    records.iter().map(|record| (record.id(), StoredRecord::Live(record.clone()))).collect()
}

#[test]
fn importing_an_export_changes_nothing() {
    let records = sample();
    let at = Instant::parse("2026-02-01T00:00:00Z").unwrap();
    let said =
        Correction::new(records[0].id(), Some("=Mine"), Some("c"), Some("-note"), at).unwrap();
    let bytes = export(&records, &[said]);
    let file = read_transactions(&bytes, user()).unwrap();
    assert_eq!((file.rows, file.refused.len()), (records.len(), 0), "{:?}", file.refused);
    let plan = plan_pages(&stored(&records), file.pages.clone());
    assert!(plan.is_empty() && plan.unchanged == records.len(), "{plan:?}");
    let again = view(file.pages.iter().flat_map(|page| &page.upserts), []);
    assert_eq!(again, view(&records, []));
}

#[test]
fn an_export_that_was_changed_on_purpose_reads_by_a_mapping() {
    let records = &sample()[..1];
    let text = String::from_utf8(export(records, &[])).unwrap().replacen("12.50", "13.00", 1);
    let [row] = rows(&["account_id=account", "merchant_name=merchant", "others=ignore"], &text)
        .try_into()
        .unwrap();
    assert_eq!(row.amount, Some(Money::usd_cents(1_300)));
    assert_eq!(
        (row.merchant_name.as_deref(), row.account.as_deref()),
        (Some("'+Shop"), Some("'-acc"))
    );
    assert!(row.id != records[0].id() && !row.has_own_id);
}

#[test]
fn an_empty_export_is_a_header_and_reads_as_nothing() {
    let bytes = export(&[], &[]);
    assert_eq!(bytes, b"date,amount,currency,description,pending,account,source,merchant,category,note,corrected,id,record\n");
    assert_eq!(read_transactions(&bytes, user()).unwrap(), RecordFile::default());
}

#[test]
fn no_cell_of_an_export_is_a_formula_and_numbers_stay_numbers() {
    let records = sample();
    let at = Instant::parse("2026-02-01T00:00:00Z").unwrap();
    let said = Correction::new(records[0].id(), Some("＝SUM(A1)"), Some("@c"), Some("'quoted"), at)
        .unwrap();
    let bytes = export(&records, &[said]);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    for row in reader.records() {
        let row = row.unwrap();
        for (at, cell) in row.iter().enumerate().filter(|(at, _)| *at != 1) {
            let start = cell.trim_start().chars().next();
            assert!(!start.is_some_and(|c| "=+-@＝＋－＠\t".contains(c)), "column {at}: {cell:?}");
        }
        let (amount, currency) = (&row[1], &row[2]);
        if !amount.is_empty() {
            assert!(Money::parse_decimal(amount, currency.parse().unwrap()).is_ok(), "{amount}");
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    for part in [
        ",'=cmd|",
        ",'-acc,provider,'＝SUM(A1),'@c,''quoted,merchant category note,",
        "-7.00,USD,",
        ",-0.01,USD,'- dash,",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn an_export_that_was_changed_is_refused_row_by_row() {
    let text = String::from_utf8(export(&sample()[3..4], &[])).unwrap();
    let id = text.split(',').find(|cell| cell.len() == 36).unwrap().to_owned();
    #[rustfmt::skip]
    let table = [
        ("2024-02-29,5.00", "2024-02-28,5.00",        "row_edited",         "$[0].date"),
        ("2024-02-29,5.00", "2024-02-29,6.00",        "row_edited",         "$[0].amount"),
        ("USD,Coffee",      "USD,Secret",             "row_edited",         "$[0].description"),
        ("Coffee,false",    "Coffee,true",            "row_edited",         "$[0].pending"),
        (&id,               "Secret",                 "invalid_id",         "$[0].id"),
        ("\"{\"\"v1",       "\"Secret{\"\"v1",        "invalid_record",     "$[0].record"),
        ("2024-02-29,5.00", "x,2024-02-29,5.00",      "wrong_column_count", "$[0]"),
    ];
    for (from, to, code, path) in table {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let file = read_transactions(changed.as_bytes(), user()).unwrap();
        assert_eq!(file.rows, 1);
        assert_eq!((file.refused[0].code, file.refused[0].path.as_str()), (code, path), "{to}");
        assert!(!file.refused[0].message.contains("Secret"));
    }
    // What the columns for people say of merchant, category and note is theirs.
    let noted = text.replacen(",file,Coffee,", ",file,Bean,", 1);
    assert_ne!(noted, text);
    assert_eq!(read_transactions(noted.as_bytes(), user()).unwrap().refused, []);
    let ancient = text.replace("2024-02-29", "1824-02-29");
    assert_eq!(
        read_transactions(ancient.as_bytes(), user()).unwrap().refused[0].code,
        "date_before_1900"
    );
    let latest = CsvMapping::default().with_latest("2024-02-28".parse().unwrap());
    let file = read_transactions_with(text.as_bytes(), user(), &latest).unwrap();
    assert_eq!(file.refused[0].code, "date_in_future");
}

#[test]
fn an_entry_is_one_line_of_json() {
    let mut out = Vec::new();
    let entries = view(&sample(), []);
    write_transactions_jsonl(&entries, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), entries.len());
    for (line, entry) in text.lines().zip(&entries) {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["id"], entry.id().to_string());
    }
}

fn any_rows() -> impl Strategy<Value = String> {
    let text = "[-=+@' a\"é\t,;]{0,6}[a-z][-=+@' a\"é,;]{0,6}";
    let one = (1_u8..28, -500_i64..500, text, text, any::<bool>());
    prop::collection::vec(one, 1..8).prop_map(|rows| {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let row = |(day, cents, name, category, pending): &(u8, i64, String, String, bool)| {
            let money = Money::usd_cents(*cents).to_string();
            let amount = money.split(' ').next().unwrap();
            format!("2024-01-{day:02},{amount},{},{},{pending}\n", quoted(name), quoted(category))
        };
        format!("date,amount,name,category,pending\n{}", rows.iter().map(row).collect::<String>())
    })
}

proptest! {
    #[test]
    fn what_is_exported_reads_back_as_it_was(text in any_rows()) {
        let file = read_transactions(text.as_bytes(), user()).unwrap();
        prop_assert_eq!(&file.refused, &[]);
        let records: Vec<Record> = file.pages.into_iter().flat_map(|page| page.upserts).collect();
        let again = read_transactions(&export(&records, &[]), user()).unwrap();
        prop_assert_eq!(&again.refused, &[]);
        prop_assert!(plan_pages(&stored(&records), again.pages).is_empty());
    }

    #[test]
    fn a_mapped_file_reads_as_the_same_file_in_our_words(text in any_rows()) {
        let renamed = text.replacen("date,amount,name,category,pending", "Day,Sum,Payee,Kind,Open", 1);
        let settings = ["date=day", "amount=sum", "name=payee", "category=kind", "pending=open"];
        prop_assert_eq!(read(&settings, &renamed), read_transactions(text.as_bytes(), user()));
    }

    #[test]
    fn no_bytes_make_the_mapped_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), skip in 0_usize..3) {
        for settings in [["debit=Out", "decimal=,", "thousands=."], ["date_format=%d %b %y", "delimiter=tab", "others=ignore"]] {
            let skip = format!("skip={skip}");
            let mapping = CsvMapping::parse(settings.into_iter().chain([skip.as_str()])).unwrap();
            for start in ["", "date,name,Out\n", "date\tname\tamount\n"] {
                let _ = read_transactions_with(&[start.as_bytes(), &bytes].concat(), user(), &mapping);
            }
        }
    }

    #[test]
    fn no_settings_make_a_mapping_panic(
        settings in prop::collection::vec("(date|date_format|skip|decimal|account|x)?=?[%a-zA-Z.,0-9-]{0,8}", 0..4),
    ) {
        let _ = CsvMapping::parse(settings);
    }
}

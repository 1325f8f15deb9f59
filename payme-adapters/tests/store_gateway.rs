//! What the SQLite schema refuses of the people of the gateway whoever writes it.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

use payme_adapters::store::sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, SqliteConnection};

/// The tables, and the values of a row of each; `A` and `B` stand for two ids.
const ROWS: &[(&str, &str)] = &[
    ("attorney", "A, A, 'N', 'e@x.y', 'F', null, null, 'active', 0, 1"),
    ("settlement_account_details", "A, 'B', 'v1:k:x', 1"),
    ("claim_review", "A, 0, 0, 'N'"),
    ("payout_left_out", "A, A, 'no_amount'"),
    ("pay_request", "A, 'k', '0123456789012345678901234567890123456789012345678901234567890123'"),
    ("payout_destination", "A, A, 'plaid', 'v1:k:x', 'v1:k:x', 'v1:k:x', 'revoked', 0, 0, 1"),
    ("payout_destination", "B, A, 'plaid', 'v1:k:x', 'v1:k:x', 'v1:k:x', 'active', 0, null, 1"),
    ("claim_questions", "A, 1, '[]', 0"),
    ("claim_filing", "A, A, 1, '[]', '[]', 0"),
];

/// What nobody can do, and a word of what they are told.
#[rustfmt::skip]
const REFUSED: &[(&str, &str)] = &[
    ("update attorney set user_id = B", "never changes"),
    ("update or replace attorney set id = B", "never changes"),
    ("update attorney set registered_at = 1", "never changes"),
    ("update attorney set key_salt = null, key_sha256 = 'x'", "CHECK"),
    ("insert into attorney values (B, A, 'N', 'e@x.y', 'F', null, null, 'active', 0, 1)", "not replaced"),
    ("insert or replace into attorney values (B, A, 'N', 'e@x.y', 'F', null, null, 'active', 0, 1)", "not replaced"),
    ("update settlement_account_details set account_id = B", "never changes"),
    ("update settlement_account_details set bank_name = 'C'", "never changes"),
    ("update settlement_account_details set account_ref = '4711'", "CHECK"),
    ("update claim_review set note = 'O'", "never change"),
    ("update payout_left_out set reason = 'already_paid'", "never changes"),
    ("update pay_request set key = 'other'", "never changes"),
    ("update payout_destination set user_id = B", "never changes"),
    ("update payout_destination set status = 'active', revoked_at = null where status = 'revoked'", "stays revoked"),
    ("update payout_destination set revoked_at = 1 where status = 'revoked'", "stays revoked"),
    ("update payout_destination set legal_name = 'Jane' where status = 'active'", "CHECK"),
    ("update payout_destination set status = 'revoked' where status = 'active'", "CHECK"),
    ("insert into payout_destination values ('00000000-0000-4000-8000-00000000000c', A, 'plaid', 'v1:k:x', 'v1:k:x', \
      'v1:k:x', 'active', 0, null, 1)", "not replaced"),
    ("update claim_questions set questions = '[1]'", "never changes"),
    ("insert into claim_questions values (A, 3, '[]', 0)", "not replaced"),
    ("update claim_filing set answers = '[1]'", "never changes"),
];

/// The same where it is allowed: the refusals are not for another reason.
const ALLOWED: &[&str] = &[
    "update attorney set name = 'O', status = 'suspended', version = 2",
    "update settlement_account_details set account_ref = 'v1:l:y', version = 2",
    "update payout_destination set legal_name = 'v1:l:y', version = 2",
    "update payout_destination set status = 'revoked', revoked_at = 1 where status = 'active'",
    "insert into claim_questions values (A, 2, '[]', 0)",
];

fn with_ids(sql: &str) -> String {
    let id = |n| format!("'00000000-0000-4000-8000-00000000000{n}'");
    let words = sql.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != '\'');
    let word = |word: &str| {
        let end = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '\'');
        match end {
            "A" => word.replacen('A', &id('a'), 1),
            "B" => word.replacen('B', &id('b'), 1),
            _ => word.to_owned(),
        }
    };
    words.map(word).collect()
}

async fn database() -> (tempfile::TempDir, SqliteConnection) {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("payme.db");
    SqliteStore::open(path.to_str().unwrap()).await.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(&path).foreign_keys(false);
    let mut connection = options.disable_statement_logging().connect().await.unwrap();
    for (table, row) in ROWS {
        let sql = with_ids(&format!("insert into {table} values ({row})"));
        connection.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    (dir, connection)
}

#[tokio::test]
async fn what_is_written_of_people_stays() {
    let (_dir, mut connection) = database().await;
    let mut attempts: Vec<(String, &str)> =
        REFUSED.iter().map(|(sql, word)| (with_ids(sql), *word)).collect();
    for (table, _) in ROWS {
        attempts.push((format!("delete from {table}"), "not deleted"));
        for verb in ["insert", "insert or replace", "insert or ignore", "replace"] {
            let sql = format!("{verb} into {table} select * from {table}");
            attempts.push((sql, "not replaced"));
        }
    }
    for (sql, word) in attempts {
        for pragma in ["pragma recursive_triggers = on", "pragma recursive_triggers = off"] {
            connection.execute(pragma).await.unwrap();
            let done = connection.execute(AssertSqlSafe(sql.clone())).await;
            let refused = done.map(|done| done.rows_affected()).unwrap_err().to_string();
            assert!(refused.contains(word), "{sql}: {refused}");
        }
    }
    for (table, _) in ROWS {
        let sql = format!("select count(*) from {table}");
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
        let expected = ROWS.iter().filter(|(name, _)| name == table).count();
        assert_eq!(usize::try_from(count), Ok(expected), "{table}");
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn what_may_change_of_people_can_change() {
    let (_dir, mut connection) = database().await;
    for sql in ALLOWED {
        let done = connection.execute(AssertSqlSafe(with_ids(sql))).await;
        assert!(done.unwrap().rows_affected() > 0, "{sql}");
    }
    connection.close().await.unwrap();
}

macro_rules! statements {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../sql/sqlite/", $name, ".sql")))),+]
    };
}

/// However many rows there are, none of these looks at all of them.
#[tokio::test]
async fn every_statement_finds_its_rows_by_an_index() {
    let statements = statements![
        "attorney_get",
        "attorney_of",
        "attorneys_after",
        "attorney_update",
        "account_details_get",
        "account_details_after",
        "account_details_update",
        "reviews_of",
        "left_out_of",
        "pay_request_get",
        "destination_of",
        "destinations_of",
        "destinations_after",
        "destinations_with",
        "destination_update",
        "questions_newest",
        "questions_at",
        "filing_get",
        "balance_of",
        "payout_batches_of_attorney",
    ];
    let (_dir, mut connection) = database().await;
    for (name, sql) in statements {
        let explain = AssertSqlSafe(format!("explain query plan {sql}"));
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(explain).fetch_all(&mut connection).await.unwrap();
        let steps: Vec<&str> = plan.iter().map(|(_, _, _, detail)| detail.as_str()).collect();
        let scanned = |step: &&&str| step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
        assert_eq!(steps.iter().find(scanned), None, "{name}: {steps:?}");
        let is_sorted = steps.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!is_sorted, "{name}: {steps:?}");
    }
    connection.close().await.unwrap();
}

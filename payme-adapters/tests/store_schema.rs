//! The schema refuses rubbish by itself, whoever writes it.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test that fails should say where")]

mod store_payout_tables;

use payme_adapters::store::sqlite::SqliteStore;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

use store_payout_tables::PAYOUT_TABLES;
use store_payout_tables::gateway::GATEWAY_TABLES;

const ID: &str = "'00000000-0000-4000-8000-000000000001'";
const NO_ID: &str = "'1'";
const NOBODY: &str = "'00000000-0000-4000-8000-00000000000f'";

/// A table, a row it takes, and for some columns values it does not take in that row.
struct Table {
    name: &'static str,
    row: &'static [(&'static str, &'static str)],
    refused: &'static [(&'static str, &'static [&'static str])],
}

/// The columns that hold a whole number: none of them takes a word, a fraction or nothing.
const NO_INTEGER: &[&str] = &["'one'", "1.5", "null"];

#[rustfmt::skip]
const TABLES: &[Table] = &[
    Table {
        name: "settlement",
        row: &[("id", ID), ("version", "1"), ("title", "'T'"), ("status", "'open'"),
               ("deadline_at", "null"), ("body", "'{}'")],
        refused: &[("id", &["null", NO_ID]), ("version", &["0", "'one'", "null"]),
                   ("title", &["''", "null"]), ("status", &["'OPEN'", "'gone'", "null"]),
                   ("deadline_at", &["'soon'"]), ("body", &["'{'", "null", "x'00'"])],
    },
    Table {
        name: "revision",
        row: &[("one", "1"), ("catalog", "1"), ("records", "1"), ("corrections", "0"), ("derived", "1")],
        refused: &[("one", &["0", "2"]), ("catalog", &["0", "null"]), ("records", &["0", "'one'"]),
                   ("corrections", &["-1", "'one'", "null"]), ("derived", &["0", "null"])],
    },
    Table {
        name: "person",
        row: &[("user_id", ID), ("version", "1"), ("state", "'CA'"),
               ("date_of_birth", "'1990-01-01'")],
        refused: &[("user_id", &["null", NO_ID]), ("version", &["0", "-1", "1.5"]),
                   ("state", &["'California'", "''"]), ("date_of_birth", &["'1990'", "1990"])],
    },
    Table {
        name: "record",
        row: &[("user_id", ID), ("id", ID), ("removed", "0"), ("kind", "'message'"),
               ("body", "'{}'")],
        refused: &[("user_id", &["null", NOBODY]), ("id", &["null", NO_ID]),
                   ("removed", &["1", "2", "null"]), ("kind", &["'letter'", "null"]),
                   ("body", &["'{'", "null"])],
    },
    Table {
        name: "feature",
        row: &[("user_id", ID), ("key", "'merchant:uber'"), ("source", "'plaid'"),
               ("origin", "'records'"), ("confidence", "0.5"), ("count", "1"),
               ("first_seen", "null"), ("last_seen", "'2024-01-01'"), ("by_day", "'[]'")],
        refused: &[("user_id", &["null", NOBODY]), ("key", &["'uber'", "''", "':'", "null"]),
                   ("source", &["'bank'", "null"]), ("origin", &["'derived'", "null"]),
                   ("confidence", &["1.5", "-0.1", "null", "'high'"]),
                   ("count", &["-1", "4294967296", "null"]), ("first_seen", &["'2024'"]),
                   ("last_seen", &["'today'"]), ("by_day", &["'{}'", "'['", "null"])],
    },
    Table {
        name: "feature_support",
        row: &[("user_id", ID), ("key", "'merchant:uber'"), ("source", "'plaid'"),
               ("record_id", ID)],
        refused: &[("user_id", &["null", NOBODY]), ("key", &["'uber'", "null"]),
                   ("source", &["'bank'", "null"]), ("record_id", &["null", NO_ID])],
    },
    Table {
        name: "correction",
        row: &[("user_id", ID), ("record_id", ID), ("body", "'{}'")],
        refused: &[("user_id", &["null", NOBODY]), ("record_id", &["null", NO_ID]),
                   ("body", &["'{'", "null"])],
    },
    Table {
        name: "anomaly",
        row: &[("user_id", ID), ("record_id", ID), ("score", "0.75")],
        refused: &[("user_id", &["null", NOBODY]), ("record_id", &["null", NO_ID]),
                   ("score", &["0.5", "1.01", "'high'", "null"])],
    },
    Table {
        name: "merchant",
        row: &[("key", "'merchant:uber'"), ("name", "'Uber'"), ("body", "'{}'")],
        refused: &[("key", &["'merchant:'", "'category:travel'", "null"]),
                   ("name", &["''", "null"]), ("body", &["'{'", "null"])],
    },
    Table {
        name: "learned_aliases",
        row: &[("one", "1"), ("body", "'{}'")],
        refused: &[("one", &["0", "2"]), ("body", &["'{'", "null"])],
    },
    Table {
        name: "tracker_row",
        row: &[("tracker", "'weekly'"), ("row_id", "'a'"), ("body", "'{}'")],
        refused: &[("tracker", &["''", "null"]), ("row_id", &["''", "null"]),
                   ("body", &["'{'", "null"])],
    },
    Table {
        name: "assignment",
        row: &[("user_id", ID), ("experiment_key", "'m'"), ("variant", "'rules_only'"),
               ("forced", "0")],
        refused: &[("user_id", &["null", NO_ID]), ("experiment_key", &["''", "null"]),
                   ("variant", &["'rules'", "null"]), ("forced", &["2", "null"])],
    },
    Table {
        name: "match_batch",
        row: &[("sequence", "null"), ("id", ID), ("request", "'all'"), ("started_at", "0"), ("cursor", "null"),
               ("done", "0"), ("finished", "0")],
        refused: &[("sequence", &["0"]), ("id", &["null", NO_ID]), ("request", &["null"]), ("started_at", NO_INTEGER),
                   ("cursor", &[NO_ID]), ("done", &["-1", "null"]), ("finished", &["2", "null"])],
    },
    Table {
        name: "match_run",
        row: &[("sequence", "null"), ("id", ID), ("batch_id", "null"), ("user_id", ID), ("experiment_key", "'m'"),
               ("variant", "'rules_only'"), ("started_at", "0"), ("completed_at", "0"),
               ("candidate_count", "0"), ("result_count", "0"), ("metadata", "'{}'")],
        refused: &[("sequence", &["0", "-5"]), ("id", &["null", NO_ID]), ("batch_id", &[NOBODY]), ("user_id", &["null", NO_ID]),
                   ("experiment_key", &["''", "null"]), ("variant", &["'x'", "null"]),
                   ("started_at", NO_INTEGER), ("completed_at", NO_INTEGER),
                   ("candidate_count", &["-1", "null"]), ("result_count", &["-1", "null"]),
                   ("metadata", &["'{'", "null"])],
    },
    Table {
        name: "match_result",
        row: &[("run_id", ID), ("rank", "0"), ("settlement_id", ID), ("score", "0.5"),
               ("signals", "'{}'"), ("reasons", "'{}'"), ("missing", "'[]'")],
        refused: &[("run_id", &["null", NOBODY]), ("rank", &["-1", "null"]),
                   ("settlement_id", &["null", NO_ID]), ("score", &["'high'", "null"]),
                   ("signals", &["'{'", "null"]), ("reasons", &["'{'", "null"]),
                   ("missing", &["'{}'", "'['", "null"])],
    },
    Table {
        name: "impression",
        row: &[("run_id", ID), ("shown", "3")],
        refused: &[("run_id", &["null", NOBODY]), ("shown", &["-1", "4294967296", "null"])],
    },
    Table {
        name: "preference",
        row: &[("user_id", ID), ("settlement_id", ID), ("version", "1"), ("starred", "0"),
               ("pinned", "0"), ("pinned_order", "null")],
        refused: &[("user_id", &["null", NO_ID]), ("settlement_id", &["null", NO_ID]),
                   ("version", &["0", "null"]), ("starred", &["2", "null"]),
                   ("pinned", &["2", "null"]), ("pinned_order", &["1", "'first'"])],
    },
    Table {
        name: "event",
        row: &[("sequence", "null"), ("id", ID), ("at", "0"), ("user_id", "null"),
               ("kind", "'person_changed'"), ("body", "'{\"kind\": \"person_changed\"}'")],
        refused: &[("sequence", &["0", "-5"]), ("id", &["null", NO_ID]), ("at", NO_INTEGER),
                   ("user_id", &[NO_ID]), ("kind", &["'other'", "null"]),
                   ("body", &["'{}'", "'{'", "null"])],
    },
];

impl Table {
    /// An insert of the row with one of its values replaced.
    fn insert(&self, column: &str, value: &str) -> String {
        let names: Vec<&str> = self.row.iter().map(|(name, _)| *name).collect();
        let pick = |(name, good): &(&str, &'static str)| {
            if *name == column { value.to_owned() } else { (*good).to_owned() }
        };
        let values: Vec<String> = self.row.iter().map(pick).collect();
        format!("insert into {} ({}) values ({})", self.name, names.join(", "), values.join(", "))
    }
}

async fn execute(connection: &mut SqliteConnection, sql: &str) -> Result<(), String> {
    let done = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(connection).await;
    done.map(drop).map_err(|error| error.to_string())
}

async fn database() -> (tempfile::TempDir, SqliteConnection) {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("payme.db");
    SqliteStore::open(path.to_str().unwrap()).await.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(&path);
    (dir, options.disable_statement_logging().connect().await.unwrap())
}

#[tokio::test]
async fn every_table_refuses_rubbish_in_every_column() {
    let (_dir, mut connection) = database().await;
    // The one row it holds from the start is in the way of the rows that are tried.
    execute(&mut connection, "delete from revision").await.unwrap();
    for table in TABLES.iter().chain(PAYOUT_TABLES).chain(GATEWAY_TABLES) {
        for (column, values) in table.refused {
            assert!(table.row.iter().any(|(name, _)| name == column), "{column}");
            for value in *values {
                let refused = execute(&mut connection, &table.insert(column, value)).await;
                let name = table.name;
                let text = refused.err().unwrap_or_else(|| panic!("{name}.{column} = {value}"));
                let by_rule =
                    ["constraint", "cannot store", "malformed", "datatype mismatch", "append-only"];
                assert!(by_rule.iter().any(|word| text.contains(word)), "{name}.{column}: {text}");
            }
        }
        // The row without rubbish passes, and later tables lean on it.
        let good = execute(&mut connection, &table.insert("", "")).await;
        assert_eq!(good, Ok(()), "{}", table.name);
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn every_column_of_every_table_is_tried() {
    let (_dir, mut connection) = database().await;
    let query = sqlx::query_as::<_, (String, String)>(
        "select t.name, c.name from sqlite_schema as t, pragma_table_info(t.name) as c \
         where t.type = 'table' and t.name not like '%sql%' order by 1, 2",
    );
    let stored = query.fetch_all(&mut connection).await.unwrap();
    let mut tried: Vec<(String, String)> = Vec::new();
    for table in TABLES.iter().chain(PAYOUT_TABLES).chain(GATEWAY_TABLES) {
        let columns = table.refused.iter().map(|(column, _)| (*column).to_owned());
        tried.extend(columns.map(|column| (table.name.to_owned(), column)));
    }
    tried.sort();
    assert_eq!(stored, tried);
    connection.close().await.unwrap();
}

//! The tables of the people of the gateway, for the test that feeds rubbish to every column.

use super::super::{ID, NO_ID, NO_INTEGER, NOBODY, Table};
use super::{KEY, NO_INSTANT, U32, VERSION};

const TEXT: &[&str] = &["''", "null", "x'00'"];
/// What is under lock has a form, an id of a key, and a ciphertext; no plain text has it.
const SEALED: &[&str] = &["'021000021'", "'v1:'", "'v1:key'", "'v1::x'", "'v1:key:'", "null"];
const LOCKED: &str = "'v1:key:abc'";
const DIGEST: &str = "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'";
const ARRAY: &[&str] = &["'{}'", "'['", "null"];

#[rustfmt::skip]
pub(crate) const GATEWAY_TABLES: &[Table] = &[
    Table {
        name: "attorney",
        row: &[("id", ID), ("user_id", ID), ("name", "'N'"), ("email", "'e@x.y'"), ("firm_name", "'F'"), ("key_salt", DIGEST),
               ("key_sha256", DIGEST), ("status", "'active'"), ("registered_at", "0"), ("version", "1")],
        refused: &[("id", &["null", NO_ID]), ("user_id", &["null", NO_ID]), ("name", TEXT), ("email", TEXT), ("firm_name", TEXT),
                   ("key_salt", &["'a'", "null"]), ("key_sha256", &["'a'", "null"]), ("status", &["'closed'", "null"]),
                   ("registered_at", NO_INTEGER), ("version", VERSION)],
    },
    Table {
        name: "settlement_account_details",
        row: &[("account_id", ID), ("bank_name", "'B'"), ("account_ref", LOCKED), ("version", "1")],
        refused: &[("account_id", &["null", NOBODY]), ("bank_name", TEXT), ("account_ref", SEALED), ("version", VERSION)],
    },
    Table {
        name: "claim_review",
        row: &[("approval_id", ID), ("attempt", "0"), ("at", "0"), ("note", "'N'")],
        refused: &[("approval_id", &["null", NOBODY]), ("attempt", U32), ("at", NO_INTEGER), ("note", TEXT)],
    },
    Table {
        name: "payout_left_out",
        row: &[("batch_id", ID), ("user_id", ID), ("reason", "'no_destination'")],
        refused: &[("batch_id", &["null", NOBODY]), ("user_id", &["null", NO_ID]), ("reason", &["'other'", "null"])],
    },
    Table {
        name: "pay_request",
        row: &[("attorney_id", ID), ("key", "'k'"), ("digest", DIGEST)],
        refused: &[("attorney_id", &["null", NO_ID]), ("key", KEY), ("digest", &["'a'", "null"])],
    },
    Table {
        name: "payout_destination",
        row: &[("id", ID), ("user_id", ID), ("provider", "'plaid'"), ("access_token", LOCKED), ("account_id", LOCKED),
               ("legal_name", LOCKED), ("status", "'active'"), ("linked_at", "0"), ("revoked_at", "null"), ("version", "1")],
        refused: &[("id", &["null", NO_ID]), ("user_id", &["null", NO_ID]), ("provider", &["'bank'", "null"]),
                   ("access_token", SEALED), ("account_id", SEALED), ("legal_name", SEALED),
                   ("status", &["'revoked'", "'gone'", "null"]), ("linked_at", NO_INTEGER), ("revoked_at", NO_INSTANT),
                   ("version", VERSION)],
    },
    Table {
        name: "claim_questions",
        row: &[("settlement_id", ID), ("version", "1"), ("questions", "'[]'"), ("set_at", "0")],
        refused: &[("settlement_id", &["null", NO_ID]), ("version", &["0", "2", "null"]), ("questions", ARRAY), ("set_at", NO_INTEGER)],
    },
    Table {
        name: "claim_filing",
        row: &[("user_id", ID), ("settlement_id", ID), ("questions_version", "1"), ("answers", "'[]'"), ("evidence", "'[]'"),
               ("filed_at", "0")],
        refused: &[("user_id", &["null", NOBODY]), ("settlement_id", &["null", NOBODY]), ("questions_version", &["0", "'one'"]),
                   ("answers", ARRAY), ("evidence", ARRAY), ("filed_at", NO_INTEGER)],
    },
];

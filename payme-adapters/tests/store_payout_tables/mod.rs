//! The tables of payouts, for the test that feeds rubbish to every column of every table.

pub(crate) mod gateway;

use super::{ID, NO_ID, NO_INTEGER, NOBODY, Table};

const KEY: &[&str] = &["''", "null"];
const COUNT: &[&str] = &["-1", "'one'", "null"];
const U32: &[&str] = &["-1", "4294967296", "1.5", "null"];
const MONEY: &[&str] = &["0", "-1", "1.5", "9223372036854775808", "null"];
const VERSION: &[&str] = &["0", "-1", "null"];
const NO_INSTANT: &[&str] = &["'soon'", "0"];
const HASH: &str = "x'0000000000000000000000000000000000000000000000000000000000000000'";

#[rustfmt::skip]
pub(crate) const PAYOUT_TABLES: &[Table] = &[
    Table {
        name: "claim",
        row: &[("user_id", ID), ("settlement_id", ID), ("state", "'submitted'"), ("moved_at", "0"), ("version", "1")],
        refused: &[("user_id", &["null", NO_ID]), ("settlement_id", &["null", NO_ID]),
                   ("state", &["'paid'", "'SUBMITTED'", "null"]), ("moved_at", NO_INTEGER), ("version", VERSION)],
    },
    Table {
        name: "settlement_account",
        row: &[("id", ID), ("attorney_id", ID), ("settlement_id", ID), ("currency", "'USD'"), ("status", "'active'"),
               ("funded", "500"), ("available", "100"), ("linked_at", "0"), ("version", "1"),
               ("rail", "'mock'")],
        refused: &[("rail", &["''", "null"]),
                   ("id", &["null", NO_ID]), ("attorney_id", &["null", NO_ID]), ("settlement_id", &["null", NO_ID]),
                   ("currency", &["'US'", "'USDT'", "null"]), ("status", &["'open'", "null"]),
                   ("funded", &["99", "-1", "null"]), ("available", &["501", "-1", "null"]),
                   ("linked_at", NO_INTEGER), ("version", VERSION)],
    },
    Table {
        name: "payout_deposit",
        row: &[("account_id", ID), ("key", "'k'"), ("amount", "500")],
        refused: &[("account_id", &["null", NOBODY]), ("key", KEY), ("amount", MONEY)],
    },
    Table {
        name: "claim_approval",
        row: &[("id", ID), ("user_id", ID), ("settlement_id", ID), ("account_id", ID), ("attorney_id", ID), ("attempt", "1"),
               ("amount", "200"), ("state", "'approved'"), ("transfer_id", ID), ("approved_at", "0"),
               ("rejected_at", "null"), ("version", "2")],
        refused: &[("id", &["null", NO_ID]), ("user_id", &["null", NO_ID]), ("settlement_id", &["null", NO_ID]),
                   ("account_id", &["null", NOBODY]), ("attorney_id", &["null", NO_ID]),
                   ("attempt", &["0", "-1", "4294967296", "null"]), ("amount", &["0", "-1", "1.5"]),
                   ("state", &["'waiting'", "'pending'", "'rejected'", "'failed'", "null"]),
                   ("transfer_id", &[NO_ID]), ("approved_at", &["null", "'soon'"]),
                   ("rejected_at", NO_INSTANT), ("version", VERSION)],
    },
    Table {
        name: "payout_batch",
        row: &[("id", ID), ("attorney_id", ID), ("account_id", ID), ("settlement_id", ID), ("key", "'k'"), ("items", "null"),
               ("state", "'processing'"), ("is_sealed", "1"), ("filled_to", "null"), ("total_transfers", "3"),
               ("successful_transfers", "1"), ("failed_transfers", "1"), ("returned_transfers", "1"), ("total_amount", "400"),
               ("reserved", "100"), ("in_flight", "200"), ("paid", "100"), ("lease_token", "1"), ("lease_until", "0"),
               ("created_at", "0"), ("finished_at", "null"), ("version", "1")],
        refused: &[("id", &["null", NO_ID]), ("attorney_id", &["null", NO_ID]), ("account_id", &["null", NOBODY]),
                   ("settlement_id", &["null", NO_ID]), ("key", KEY), ("items", &["'x'"]),
                   ("state", &["'paid'", "'queued '", "'completed'", "null"]), ("is_sealed", &["0", "2", "null"]),
                   ("filled_to", &[NO_ID]), ("total_transfers", &["1", "-1", "4294967296", "null"]),
                   ("successful_transfers", &["0", "3", "-1", "null"]), ("failed_transfers", &["3", "-1", "null"]),
                   ("returned_transfers", &["2", "-1", "null"]), ("total_amount", &["399", "-1", "null"]),
                   ("reserved", &["101", "-1", "9223372036854775807", "null"]), ("in_flight", &["201", "-1", "null"]),
                   ("paid", &["101", "-1", "null"]), ("lease_token", &["0", "null"]), ("lease_until", &["'soon'", "null"]),
                   ("created_at", NO_INTEGER), ("finished_at", NO_INSTANT), ("version", VERSION)],
    },
    Table {
        name: "payout_transfer",
        row: &[("id", ID), ("batch_id", ID), ("approval_id", ID), ("user_id", ID), ("amount", "200"), ("state", "'pending'"),
               ("round", "0"), ("is_in_doubt", "0"), ("authorization", "null"), ("hold", "null"),
               ("provider_transfer_id", "null"), ("failure_reason", "null"), ("initiated_at", "null"),
               ("completed_at", "null"), ("version", "1")],
        refused: &[("id", &["null", NO_ID]), ("batch_id", &["null", NOBODY]), ("approval_id", &["null", NOBODY]),
                   ("user_id", &["null", NO_ID]), ("amount", MONEY),
                   ("state", &["'sent'", "'processing'", "'completed'", "'failed'", "'returned'", "null"]), ("round", U32),
                   ("is_in_doubt", &["2", "null"]), ("authorization", &["'a'"]),
                   ("hold", &["'wait'", "'user_action_required'"]), ("provider_transfer_id", &["'p'"]),
                   ("failure_reason", &["'f'"]), ("initiated_at", NO_INSTANT), ("completed_at", NO_INSTANT), ("version", VERSION)],
    },
    Table {
        name: "payout_posting",
        row: &[("account_id", ID), ("sequence", "1"), ("batch_id", ID), ("transfer_id", ID), ("kind", "'send'"), ("amount", "200")],
        refused: &[("account_id", &["null", NOBODY]), ("sequence", &["0", "2", "null"]), ("batch_id", &["null", NOBODY]),
                   ("transfer_id", &["null", NO_ID]), ("kind", &["'gift'", "'deposit'", "'reserve'", "null"]), ("amount", MONEY)],
    },
    Table {
        name: "payout_log",
        row: &[("account_id", ID), ("sequence", "1"), ("at", "0"), ("body", "'{}'"), ("hash", HASH)],
        refused: &[("account_id", &["null", NOBODY]), ("sequence", &["0", "2", "null"]), ("at", NO_INTEGER),
                   ("body", &["'{'", "null"]), ("hash", &["x'00'", "'00'", "null"])],
    },
    Table {
        name: "audit_seal",
        row: &[("sequence", "1"), ("at", "0"), ("root", HASH)],
        refused: &[("sequence", &["0", "2"]), ("at", NO_INTEGER), ("root", &["x'00'", "'00'", "null"])],
    },
    Table {
        name: "audit_seal_head",
        row: &[("seal", "1"), ("account_id", ID), ("sequence", "1"), ("hash", HASH)],
        refused: &[("seal", &["2", "null"]), ("account_id", &["null", NOBODY]), ("sequence", &["0", "null"]),
                   ("hash", &["x'00'", "'00'", "null"])],
    },
    Table {
        name: "rail_cursor",
        row: &[("rail", "'mock'"), ("event_id", "1")],
        refused: &[("rail", KEY), ("event_id", &["0", "null"])],
    },
    Table {
        name: "rail_note",
        row: &[("rail", "'mock'"), ("event_id", "1"), ("provider_transfer_id", "'p'"), ("status", "'posted'"), ("kind", "'posted'"),
               ("reason", "null"), ("outcome", "'quarantined'"), ("is_known", "0")],
        refused: &[("rail", KEY), ("event_id", COUNT), ("provider_transfer_id", &["null"]), ("status", &["'lost'"]),
                   ("kind", &["null"]), ("reason", &["x'00'"]), ("outcome", &["'lost'", "null"]), ("is_known", &["2", "null"])],
    },
];

//! The statements, each in a file of its own under `sql/sqlite/`.

macro_rules! statements {
    ($($name:ident = $file:literal;)*) => {
        $(pub(super) const $name: &str =
            include_str!($file);)*
    };
}

statements! {
    BEGIN_IMMEDIATE = "../../../sql/sqlite/begin_immediate.sql";
    JOURNAL_WAL = "../../../sql/sqlite/journal_wal.sql";
    SCHEMA_TABLES = "../../../sql/sqlite/schema_tables.sql";
    SCHEMA_VERSION = "../../../sql/sqlite/schema_version.sql";

    REVISIONS = "../../../sql/sqlite/revisions.sql";
    REVISION_CATALOG = "../../../sql/sqlite/revision_catalog.sql";
    REVISION_RECORDS = "../../../sql/sqlite/revision_records.sql";
    REVISION_CORRECTIONS = "../../../sql/sqlite/revision_corrections.sql";
    REVISION_DERIVED = "../../../sql/sqlite/revision_derived.sql";
    CATALOG = "../../../sql/sqlite/catalog.sql";
    SETTLEMENT_GET = "../../../sql/sqlite/settlement_get.sql";
    SETTLEMENT_INSERT = "../../../sql/sqlite/settlement_insert.sql";
    SETTLEMENT_UPDATE = "../../../sql/sqlite/settlement_update.sql";

    TRACKER_ROWS = "../../../sql/sqlite/tracker_rows.sql";
    TRACKER_ROW_PUT = "../../../sql/sqlite/tracker_row_put.sql";
    MERCHANTS = "../../../sql/sqlite/merchants.sql";
    MERCHANT_PUT = "../../../sql/sqlite/merchant_put.sql";
    LEARNED_GET = "../../../sql/sqlite/learned_get.sql";
    LEARNED_PUT = "../../../sql/sqlite/learned_put.sql";

    PERSON_GET = "../../../sql/sqlite/person_get.sql";
    PERSON_INSERT = "../../../sql/sqlite/person_insert.sql";
    PERSON_UPDATE = "../../../sql/sqlite/person_update.sql";
    USER_COUNT = "../../../sql/sqlite/user_count.sql";
    USERS_WITH_RECORDS = "../../../sql/sqlite/users_with_records.sql";
    USERS_WITH_CORRECTIONS = "../../../sql/sqlite/users_with_corrections.sql";
    USER_FEATURES = "../../../sql/sqlite/user_features.sql";
    USERS_AFTER = "../../../sql/sqlite/users_after.sql";
    RECORD_PUT = "../../../sql/sqlite/record_put.sql";
    RECORDS_OF = "../../../sql/sqlite/records_of.sql";
    FEATURE_PUT = "../../../sql/sqlite/feature_put.sql";
    FEATURE_DELETE = "../../../sql/sqlite/feature_delete.sql";
    FEATURES_OF = "../../../sql/sqlite/features_of.sql";
    SUPPORT_PUT = "../../../sql/sqlite/support_put.sql";
    SUPPORT_DELETE = "../../../sql/sqlite/support_delete.sql";
    SUPPORT_OF = "../../../sql/sqlite/support_of.sql";
    SUPPORT_RECORDS = "../../../sql/sqlite/support_records.sql";
    CORRECTION_PUT = "../../../sql/sqlite/correction_put.sql";
    CORRECTION_DELETE = "../../../sql/sqlite/correction_delete.sql";
    CORRECTIONS_OF = "../../../sql/sqlite/corrections_of.sql";
    ANOMALY_PUT = "../../../sql/sqlite/anomaly_put.sql";
    ANOMALY_DELETE = "../../../sql/sqlite/anomaly_delete.sql";
    ANOMALIES_OF = "../../../sql/sqlite/anomalies_of.sql";

    PEOPLE_WITH_RUNS = "../../../sql/sqlite/people_with_runs.sql";
    SHOWN_BETWEEN = "../../../sql/sqlite/shown_between.sql";
    IMPRESSION_GET = "../../../sql/sqlite/impression_get.sql";
    IMPRESSION_INSERT = "../../../sql/sqlite/impression_insert.sql";
    IMPRESSION_UPDATE = "../../../sql/sqlite/impression_update.sql";

    ASSIGNMENT_GET = "../../../sql/sqlite/assignment_get.sql";
    ASSIGNMENT_INSERT = "../../../sql/sqlite/assignment_insert.sql";
    ASSIGNMENT_UPDATE = "../../../sql/sqlite/assignment_update.sql";
    BATCH_START = "../../../sql/sqlite/batch_start.sql";
    BATCH_RESUME = "../../../sql/sqlite/batch_resume.sql";
    BATCH_NEWEST = "../../../sql/sqlite/batch_newest.sql";
    RUN_INSERT = "../../../sql/sqlite/run_insert.sql";
    RUN_GET = "../../../sql/sqlite/run_get.sql";
    RUN_NEWEST = "../../../sql/sqlite/run_newest.sql";
    RESULT_INSERT = "../../../sql/sqlite/result_insert.sql";
    RESULTS_OF = "../../../sql/sqlite/results_of.sql";
    PREFERENCES_OF = "../../../sql/sqlite/preferences_of.sql";
    PREFERENCE_INSERT = "../../../sql/sqlite/preference_insert.sql";
    PREFERENCE_UPDATE = "../../../sql/sqlite/preference_update.sql";

    EVENT_APPEND = "../../../sql/sqlite/event_append.sql";
    EVENTS_AFTER = "../../../sql/sqlite/events_after.sql";

    CLAIM_GET = "../../../sql/sqlite/claim_get.sql";
    CLAIMS_OF = "../../../sql/sqlite/claims_of.sql";
    CLAIMS_INSERT = "../../../sql/sqlite/claims_insert.sql";
    CLAIMS_UPDATE = "../../../sql/sqlite/claims_update.sql";
    ACCOUNT_GET = "../../../sql/sqlite/account_get.sql";
    ACCOUNT_OF = "../../../sql/sqlite/account_of.sql";
    ACCOUNTS_OF = "../../../sql/sqlite/accounts_of.sql";
    ACCOUNTS_INSERT = "../../../sql/sqlite/accounts_insert.sql";
    ACCOUNTS_UPDATE = "../../../sql/sqlite/accounts_update.sql";
    DEPOSIT_GET = "../../../sql/sqlite/deposit_get.sql";
    DEPOSITS_INSERT = "../../../sql/sqlite/deposits_insert.sql";
    APPROVAL_OF = "../../../sql/sqlite/approval_of.sql";
    APPROVALS_WAITING = "../../../sql/sqlite/approvals_waiting.sql";
    APPROVALS_INSERT = "../../../sql/sqlite/approvals_insert.sql";
    APPROVALS_UPDATE = "../../../sql/sqlite/approvals_update.sql";
    PAYOUT_BATCH_GET = "../../../sql/sqlite/payout_batch_get.sql";
    PAYOUT_BATCH_OF = "../../../sql/sqlite/payout_batch_of.sql";
    PAYOUT_BATCHES_BEFORE = "../../../sql/sqlite/payout_batches_before.sql";
    PAYOUT_BATCHES_INSERT = "../../../sql/sqlite/payout_batches_insert.sql";
    PAYOUT_BATCHES_UPDATE = "../../../sql/sqlite/payout_batches_update.sql";
    TRANSFER_GET = "../../../sql/sqlite/transfer_get.sql";
    TRANSFERS_NAMED = "../../../sql/sqlite/transfers_named.sql";
    TRANSFERS_OF = "../../../sql/sqlite/transfers_of.sql";
    TRANSFERS_OPEN = "../../../sql/sqlite/transfers_open.sql";
    TRANSFERS_INSERT = "../../../sql/sqlite/transfers_insert.sql";
    TRANSFERS_UPDATE = "../../../sql/sqlite/transfers_update.sql";
    BOOKS_TRANSFERS = "../../../sql/sqlite/books_transfers.sql";
    BOOKS_APPROVALS = "../../../sql/sqlite/books_approvals.sql";
    BOOKS_CLAIMS = "../../../sql/sqlite/books_claims.sql";
    BOOKS_BATCHES = "../../../sql/sqlite/books_batches.sql";
    BOOKS_ACCOUNTS = "../../../sql/sqlite/books_accounts.sql";
    RAIL_CURSOR_GET = "../../../sql/sqlite/rail_cursor_get.sql";
    RAIL_CURSOR_PUT = "../../../sql/sqlite/rail_cursor_put.sql";
    RAIL_NOTES_AFTER = "../../../sql/sqlite/rail_notes_after.sql";
    RAIL_NOTES_KNOWN = "../../../sql/sqlite/rail_notes_known.sql";
    RAIL_NOTES_PUT = "../../../sql/sqlite/rail_notes_put.sql";
    PAYOUT_HEADS = "../../../sql/sqlite/payout_heads.sql";
    PAYOUT_LOG_APPEND = "../../../sql/sqlite/payout_log_append.sql";
    PAYOUT_LOG_AFTER = "../../../sql/sqlite/payout_log_after.sql";
    POSTINGS_APPEND = "../../../sql/sqlite/postings_append.sql";
    POSTINGS_AFTER = "../../../sql/sqlite/postings_after.sql";
    POSTINGS_OF_BATCH = "../../../sql/sqlite/postings_of_batch.sql";
    POSTINGS_OF_TRANSFERS = "../../../sql/sqlite/postings_of_transfers.sql";
    APPROVALS_OF_ACCOUNT = "../../../sql/sqlite/approvals_of_account.sql";
    CLAIMS_OF_APPROVALS = "../../../sql/sqlite/claims_of_approvals.sql";
    LOG_HEADS = "../../../sql/sqlite/log_heads.sql";
    UNSEALED_HEADS = "../../../sql/sqlite/unsealed_heads.sql";
    SEALS_AFTER = "../../../sql/sqlite/seals_after.sql";
    SEAL_LAST = "../../../sql/sqlite/seal_last.sql";
    SEAL_HEADS = "../../../sql/sqlite/seal_heads.sql";
    SEAL_INSERT = "../../../sql/sqlite/seal_insert.sql";
    SEAL_HEADS_INSERT = "../../../sql/sqlite/seal_heads_insert.sql";
    FACTS_BY_TIME = "../../../sql/sqlite/facts_by_time.sql";

    ATTORNEY_GET = "../../../sql/sqlite/attorney_get.sql";
    ATTORNEY_OF = "../../../sql/sqlite/attorney_of.sql";
    ATTORNEYS_AFTER = "../../../sql/sqlite/attorneys_after.sql";
    ATTORNEY_INSERT = "../../../sql/sqlite/attorney_insert.sql";
    ATTORNEY_UPDATE = "../../../sql/sqlite/attorney_update.sql";
    ACCOUNT_DETAILS_GET = "../../../sql/sqlite/account_details_get.sql";
    ACCOUNT_DETAILS_AFTER = "../../../sql/sqlite/account_details_after.sql";
    ACCOUNT_DETAILS_INSERT = "../../../sql/sqlite/account_details_insert.sql";
    ACCOUNT_DETAILS_UPDATE = "../../../sql/sqlite/account_details_update.sql";
    REVIEW_INSERT = "../../../sql/sqlite/review_insert.sql";
    REVIEWS_OF = "../../../sql/sqlite/reviews_of.sql";
    LEFT_OUT_INSERT = "../../../sql/sqlite/left_out_insert.sql";
    LEFT_OUT_OF = "../../../sql/sqlite/left_out_of.sql";
    PAY_REQUEST_GET = "../../../sql/sqlite/pay_request_get.sql";
    PAY_REQUEST_INSERT = "../../../sql/sqlite/pay_request_insert.sql";
    DESTINATION_OF = "../../../sql/sqlite/destination_of.sql";
    DESTINATIONS_OF = "../../../sql/sqlite/destinations_of.sql";
    DESTINATIONS_AFTER = "../../../sql/sqlite/destinations_after.sql";
    DESTINATIONS_WITH = "../../../sql/sqlite/destinations_with.sql";
    DESTINATION_INSERT = "../../../sql/sqlite/destination_insert.sql";
    DESTINATION_UPDATE = "../../../sql/sqlite/destination_update.sql";
    QUESTIONS_NEWEST = "../../../sql/sqlite/questions_newest.sql";
    QUESTIONS_AT = "../../../sql/sqlite/questions_at.sql";
    QUESTIONS_INSERT = "../../../sql/sqlite/questions_insert.sql";
    FILING_GET = "../../../sql/sqlite/filing_get.sql";
    FILING_INSERT = "../../../sql/sqlite/filing_insert.sql";
    BALANCE_OF = "../../../sql/sqlite/balance_of.sql";
    PAYOUT_BATCHES_OF_ATTORNEY = "../../../sql/sqlite/payout_batches_of_attorney.sql";
}

insert into settlement_account_details (account_id, bank_name, account_ref, version)
values (?1, ?2, ?3, 1)

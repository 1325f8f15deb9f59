update settlement_account_details
set account_ref = ?2, version = version + 1
where account_id = ?1 and version = ?3

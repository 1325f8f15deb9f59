select * from settlement_account_details where account_id = ?1

select * from settlement_account where settlement_id = ?1

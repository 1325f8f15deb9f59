select * from settlement_account where id = ?1

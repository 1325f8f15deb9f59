select * from claim where user_id = ?1 and settlement_id = ?2

select * from claim_filing where user_id = ?1 and settlement_id = ?2

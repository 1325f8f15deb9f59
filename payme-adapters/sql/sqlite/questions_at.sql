select * from claim_questions where settlement_id = ?1 and version = ?2

select * from claim_questions where settlement_id = ?1 order by version desc limit 1

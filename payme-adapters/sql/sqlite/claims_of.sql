select body from claim_row where user_id = ?1 order by settlement_id

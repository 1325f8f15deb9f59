select body from claim_approval_row where user_id = ?1 and settlement_id = ?2

select * from claim where user_id = ?1 order by settlement_id

select * from settlement_account where attorney_id = ?1 order by id

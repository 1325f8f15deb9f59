-- The ids are a JSON array.
select * from settlement_account where id in (select value from json_each(?1))

-- The ids are a JSON array.
select * from payout_transfer where id in (select value from json_each(?1))

select distinct user_id from record where removed = 0 order by user_id

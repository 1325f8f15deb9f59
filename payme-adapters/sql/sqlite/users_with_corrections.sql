select distinct user_id from correction order by user_id

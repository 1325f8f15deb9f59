select distinct user_id from record where kind = 'message' order by user_id

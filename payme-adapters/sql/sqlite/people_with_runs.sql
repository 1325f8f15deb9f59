select distinct user_id from match_run where user_id > ?1 order by user_id limit ?2

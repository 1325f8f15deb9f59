delete from correction where user_id = ?1 and record_id = ?2

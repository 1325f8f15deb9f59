select record_id, body from correction where user_id = ?1 order by record_id

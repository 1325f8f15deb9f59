select id, removed, body from record where user_id = ?1 order by id

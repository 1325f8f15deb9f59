delete from feature where user_id = ?1 and key = ?2 and source = ?3 and origin = ?4

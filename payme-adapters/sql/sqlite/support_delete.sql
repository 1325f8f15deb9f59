delete from feature_support
where user_id = ?1 and key = ?2 and source = ?3 and record_id = ?4

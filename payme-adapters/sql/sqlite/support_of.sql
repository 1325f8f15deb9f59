select key, source, record_id from feature_support where user_id = ?1

select user_id, version, state, date_of_birth from person where user_id = ?1

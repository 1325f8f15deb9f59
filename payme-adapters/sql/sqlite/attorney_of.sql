select * from attorney where user_id = ?1

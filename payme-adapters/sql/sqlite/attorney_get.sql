select * from attorney where id = ?1

select * from attorney where id > ?1 order by id limit ?2

select version, body from settlement where id = ?1

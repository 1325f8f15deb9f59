select version, body from settlement order by id

select key, body from merchant order by key

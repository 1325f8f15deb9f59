insert into pay_request (attorney_id, key, digest) values (?1, ?2, ?3)

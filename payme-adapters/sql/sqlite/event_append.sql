insert into event (id, at, user_id, kind, body) values (?1, ?2, ?3, ?4, ?5)

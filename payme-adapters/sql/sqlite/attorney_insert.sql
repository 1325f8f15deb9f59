insert into attorney (
    id, user_id, name, email, firm_name, key_salt, key_sha256, status, registered_at, version)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1)

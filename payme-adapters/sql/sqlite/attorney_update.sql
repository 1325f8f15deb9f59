update attorney
set name = ?2, email = ?3, firm_name = ?4, key_salt = ?5, key_sha256 = ?6, status = ?7,
    version = version + 1
where id = ?1 and version = ?8

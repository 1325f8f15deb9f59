insert into audit_seal (sequence, at, root) values (?1, ?2, ?3)

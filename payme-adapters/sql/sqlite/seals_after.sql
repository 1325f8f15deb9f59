-- Seals behind a place.
select * from audit_seal where sequence > ?1 order by sequence limit ?2

-- The newest seal.
select * from audit_seal order by sequence desc limit 1

-- One JSON object for each log.
insert into audit_seal_head (seal, account_id, sequence, hash)
select ?1, value ->> 'account_id', value ->> 'sequence', unhex(value ->> 'hash')
from jsonb_each(?2)

-- One JSON object for each row.
insert into settlement_account (
    id, attorney_id, settlement_id, currency, status, funded, available, linked_at, version)
select
    value ->> 'id', value ->> 'attorney_id', value ->> 'settlement_id', value ->> 'currency',
    value ->> 'status', value ->> 'funded', value ->> 'available', value ->> 'linked_at',
    value ->> 'version'
from jsonb_each(?1)

-- One JSON object for each row.
insert into settlement_account (
    id, attorney_id, settlement_id, currency, rail, status, funded, available, linked_at,
    version)
select
    value ->> 'id', value ->> 'attorney_id', value ->> 'settlement_id', value ->> 'currency',
    value ->> 'rail', value ->> 'status', value ->> 'funded', value ->> 'available',
    value ->> 'linked_at', value ->> 'version'
from jsonb_each(?1)

-- One JSON object for each row, with the version that it was decided on.
update claim
set
    state = value ->> 'state',
    moved_at = value ->> 'moved_at',
    version = value ->> 'version'
from jsonb_each(?1)
where claim.user_id = value ->> 'user_id' and claim.settlement_id = value ->> 'settlement_id'
    and claim.version = value ->> 'on_version'

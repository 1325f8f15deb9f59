-- One JSON object for each row, with the version that it was decided on.
update settlement_account
set
    status = value ->> 'status',
    funded = value ->> 'funded',
    available = value ->> 'available',
    version = value ->> 'version'
from jsonb_each(?1)
where settlement_account.id = value ->> 'id'
    and settlement_account.version = value ->> 'on_version'

-- One JSON object for each row, with the version that it was decided on.
update claim_approval
set
    attempt = value ->> 'attempt',
    amount = value ->> 'amount',
    state = value ->> 'state',
    transfer_id = value ->> 'transfer_id',
    approved_at = value ->> 'approved_at',
    rejected_at = value ->> 'rejected_at',
    version = value ->> 'version'
from jsonb_each(?1)
where claim_approval.id = value ->> 'id'
    and claim_approval.version = value ->> 'on_version'

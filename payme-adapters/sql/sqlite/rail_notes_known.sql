select *
from rail_note
where rail = ?1
    and outcome = 'quarantined'
    and exists (
        select 1
        from payout_transfer
        where payout_transfer.provider_transfer_id = rail_note.provider_transfer_id)
order by event_id
limit ?2

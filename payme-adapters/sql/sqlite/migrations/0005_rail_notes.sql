-- Events of rails that were told before their transfer was known by its name. Most of those that are
-- kept are about nobody here, and stay so: which of them can be taken in by now is written down when
-- either side of the pair is written, so that nobody has to look at all of them to find out.
alter table rail_note
add column is_known integer not null default 0 check (is_known in (0, 1));

update rail_note
set is_known = 1
where exists (
    select 1
    from payout_transfer
    where payout_transfer.provider_transfer_id = rail_note.provider_transfer_id);

drop index rail_note_quarantined;

create index rail_note_known_now on rail_note (rail, event_id)
where outcome = 'quarantined' and is_known = 1;

create index rail_note_awaited on rail_note (provider_transfer_id)
where is_known = 0;

-- A transfer gets its name once. The other side, a note whose transfer has its name already, is told
-- with the note itself.
create trigger payout_transfer_is_named after update of provider_transfer_id on payout_transfer
when old.provider_transfer_id is null and new.provider_transfer_id is not null
begin
    update rail_note
    set is_known = 1
    where provider_transfer_id = new.provider_transfer_id and is_known = 0;
end;

create trigger payout_transfer_is_named_at_once after insert on payout_transfer
when new.provider_transfer_id is not null
begin
    update rail_note
    set is_known = 1
    where provider_transfer_id = new.provider_transfer_id and is_known = 0;
end;

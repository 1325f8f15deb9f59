insert into preference (user_id, settlement_id, version, starred, pinned, pinned_order)
values (?1, ?2, ?3, ?4, ?5, ?6)
on conflict (user_id, settlement_id) do nothing

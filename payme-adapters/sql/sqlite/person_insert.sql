insert into person (user_id, version, state, date_of_birth)
values (?1, ?2, ?3, ?4)
on conflict (user_id) do nothing

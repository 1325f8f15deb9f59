insert into payout_destination (
    id, user_id, provider, access_token, account_id, legal_name, status, linked_at, revoked_at,
    version)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1)

update payout_destination
set access_token = ?2, account_id = ?3, legal_name = ?4, status = ?5, revoked_at = ?6,
    version = version + 1
where id = ?1 and version = ?7

-- The people of the gateway: attorneys, what is known of their accounts, where claimants are paid, and
-- what claimants are asked and give. As in the schema of payouts, nothing here is deleted or replaced,
-- and secrets are written only under lock.

-- Who pays. The raw key is nowhere: what is kept is a salt and the SHA-256 of both.
create table attorney (
    id text primary key not null check (length(id) = 36),
    user_id text not null unique check (length(user_id) = 36),
    name text not null check (length(name) between 1 and 200),
    email text not null check (length(email) between 1 and 200),
    firm_name text not null check (length(firm_name) between 1 and 200),
    key_salt text check (length(key_salt) = 64),
    key_sha256 text check (length(key_sha256) = 64),
    status text not null check (status in ('active', 'suspended')),
    registered_at integer not null,
    version integer not null check (version >= 1),
    check ((key_salt is null) = (key_sha256 is null))
) strict, without rowid;

-- What is known of an account beside its money. What the bank calls it is under lock.
create table settlement_account_details (
    account_id text primary key not null references settlement_account (id),
    bank_name text not null check (length(bank_name) between 1 and 200),
    account_ref text not null check (account_ref glob 'v1:?*:?*'),
    version integer not null check (version >= 1)
) strict, without rowid;

-- Why somebody was approved or rejected, once for each decision; attempt 0 is a rejection.
create table claim_review (
    approval_id text not null references claim_approval (id),
    attempt integer not null check (attempt between 0 and 4294967295),
    at integer not null,
    note text not null check (length(note) between 1 and 2000),
    primary key (approval_id, attempt)
) strict, without rowid;

-- Who was asked for by name and is not in the batch.
create table payout_left_out (
    batch_id text not null references payout_batch (id),
    user_id text not null check (length(user_id) = 36),
    reason text not null check (reason in (
        'no_amount', 'no_destination', 'not_approved', 'not_submitted', 'other_amount',
        'already_paid', 'in_flight', 'approved_meanwhile')),
    primary key (batch_id, user_id)
) strict, without rowid;

-- Requests that name people of several settlements, as the SHA-256 of what they ask.
create table pay_request (
    attorney_id text not null check (length(attorney_id) = 36),
    key text not null check (length(key) between 1 and 200),
    digest text not null check (length(digest) = 64),
    primary key (attorney_id, key)
) strict, without rowid;

-- Where the money of a person is sent to. What the provider calls it is under lock.
create table payout_destination (
    id text primary key not null check (length(id) = 36),
    user_id text not null check (length(user_id) = 36),
    provider text not null check (provider in ('plaid')),
    access_token text not null check (access_token glob 'v1:?*:?*'),
    account_id text not null check (account_id glob 'v1:?*:?*'),
    legal_name text not null check (legal_name glob 'v1:?*:?*'),
    status text not null check (status in ('active', 'revoked')),
    linked_at integer not null,
    revoked_at integer,
    version integer not null check (version >= 1),
    check ((status = 'revoked') = (revoked_at is not null))
) strict, without rowid;

create index payout_destination_of on payout_destination (user_id, id);

-- Money of a person is sent to one place.
create unique index payout_destination_active on payout_destination (user_id)
where status = 'active';

-- What a settlement asks. New questions replace the older ones as a whole, which stay.
create table claim_questions (
    settlement_id text not null check (length(settlement_id) = 36),
    version integer not null check (version >= 1),
    questions text not null check (json_valid(questions) and json_type(questions) = 'array'),
    set_at integer not null,
    primary key (settlement_id, version)
) strict, without rowid;

-- What was filed with a claim, once.
create table claim_filing (
    user_id text not null,
    settlement_id text not null,
    questions_version integer check (questions_version >= 1),
    answers text not null check (json_valid(answers) and json_type(answers) = 'array'),
    evidence text not null check (json_valid(evidence) and json_type(evidence) = 'array'),
    filed_at integer not null,
    primary key (user_id, settlement_id),
    foreign key (user_id, settlement_id) references claim (user_id, settlement_id)
) strict, without rowid;

create index payout_batch_of_attorney on payout_batch (attorney_id, id);

create index payout_posting_returned on payout_posting (account_id, amount)
where kind = 'return';

-- What these rows are about never changes either.
create trigger attorney_keeps_who_it_is before update of id, user_id, registered_at on attorney
begin
    select raise(abort, 'who an attorney is never changes');
end;

create trigger settlement_account_details_keep_what_they_are
before update of account_id, bank_name on settlement_account_details
begin
    select raise(abort, 'what details are of never changes');
end;

create trigger payout_destination_keeps_what_it_is
before update of id, user_id, provider, linked_at on payout_destination
begin
    select raise(abort, 'whose a destination is never changes');
end;

-- Of a destination that was revoked, only the lock is changed.
create trigger payout_destination_that_is_revoked before update of status, revoked_at
on payout_destination
when old.status = 'revoked' and (
    new.status <> old.status or new.revoked_at is not old.revoked_at)
begin
    select raise(abort, 'a destination that was revoked stays revoked');
end;

create trigger claim_review_is_not_updated before update on claim_review
begin
    select raise(abort, 'notes of reviews never change');
end;

create trigger payout_left_out_is_not_updated before update on payout_left_out
begin
    select raise(abort, 'who was left out never changes');
end;

create trigger pay_request_is_not_updated before update on pay_request
begin
    select raise(abort, 'what was asked for never changes');
end;

create trigger claim_questions_are_not_updated before update on claim_questions
begin
    select raise(abort, 'what was asked never changes');
end;

create trigger claim_questions_have_no_gaps before insert on claim_questions
when new.version <> 1 + coalesce(
    (select max(version) from claim_questions where settlement_id = new.settlement_id), 0)
begin
    select raise(abort, 'questions are not replaced: they are append-only');
end;

create trigger claim_filing_is_not_updated before update on claim_filing
begin
    select raise(abort, 'what was filed never changes');
end;

create trigger attorney_is_not_replaced before insert on attorney
when exists (select 1 from attorney where id = new.id)
    or exists (select 1 from attorney where user_id = new.user_id)
begin
    select raise(abort, 'an attorney is not replaced');
end;

create trigger settlement_account_details_are_not_replaced
before insert on settlement_account_details
when exists (select 1 from settlement_account_details where account_id = new.account_id)
begin
    select raise(abort, 'details are not replaced');
end;

create trigger claim_review_is_not_replaced before insert on claim_review
when exists (
    select 1 from claim_review where approval_id = new.approval_id and attempt = new.attempt)
begin
    select raise(abort, 'a note is not replaced');
end;

create trigger payout_left_out_is_not_replaced before insert on payout_left_out
when exists (
    select 1 from payout_left_out where batch_id = new.batch_id and user_id = new.user_id)
begin
    select raise(abort, 'who was left out is not replaced');
end;

create trigger pay_request_is_not_replaced before insert on pay_request
when exists (select 1 from pay_request where attorney_id = new.attorney_id and key = new.key)
begin
    select raise(abort, 'a request is not replaced');
end;

create trigger payout_destination_is_not_replaced before insert on payout_destination
when exists (select 1 from payout_destination where id = new.id)
    or (new.status = 'active' and exists (
        select 1 from payout_destination where user_id = new.user_id and status = 'active'))
begin
    select raise(abort, 'a destination is not replaced');
end;

create trigger claim_filing_is_not_replaced before insert on claim_filing
when exists (
    select 1 from claim_filing where user_id = new.user_id and settlement_id = new.settlement_id)
begin
    select raise(abort, 'what was filed is not replaced');
end;

create trigger attorney_is_not_deleted before delete on attorney
begin
    select raise(abort, 'attorneys are not deleted');
end;

create trigger settlement_account_details_are_not_deleted
before delete on settlement_account_details
begin
    select raise(abort, 'details are not deleted');
end;

create trigger claim_review_is_not_deleted before delete on claim_review
begin
    select raise(abort, 'notes are not deleted');
end;

create trigger payout_left_out_is_not_deleted before delete on payout_left_out
begin
    select raise(abort, 'who was left out is not deleted');
end;

create trigger pay_request_is_not_deleted before delete on pay_request
begin
    select raise(abort, 'requests are not deleted');
end;

create trigger payout_destination_is_not_deleted before delete on payout_destination
begin
    select raise(abort, 'destinations are not deleted');
end;

create trigger claim_questions_are_not_deleted before delete on claim_questions
begin
    select raise(abort, 'questions are not deleted');
end;

create trigger claim_filing_is_not_deleted before delete on claim_filing
begin
    select raise(abort, 'what was filed is not deleted');
end;

-- Claims and payouts. The rules of money stand in the core. What stands here again is what no
-- mistake of a program and no hand at a shell may get around: ranges, keys, what stays as it was
-- written, and that nothing is deleted. Ids and instants are as in the first schema; amounts are
-- whole minor units. A row is changed only where its version is still the one that was decided on.

-- Where one person stands with one settlement.
create table claim (
    user_id text not null check (length(user_id) = 36),
    settlement_id text not null check (length(settlement_id) = 36),
    state text not null check (state in (
        'matched', 'opened', 'submitted', 'approved', 'rejected', 'paid_out', 'not_paid_out',
        'payment_returned')),
    moved_at integer not null,
    version integer not null check (version >= 1),
    primary key (user_id, settlement_id)
) strict, without rowid;

-- The account that a settlement is paid from; one for each settlement.
create table settlement_account (
    id text primary key not null check (length(id) = 36),
    attorney_id text not null check (length(attorney_id) = 36),
    settlement_id text not null unique check (length(settlement_id) = 36),
    currency text not null check (length(currency) = 3),
    status text not null check (status in ('active', 'closed')),
    funded integer not null check (funded >= 0),
    available integer not null check (available between 0 and funded),
    linked_at integer not null,
    version integer not null check (version >= 1)
) strict, without rowid;

create index settlement_account_of on settlement_account (attorney_id, id);

-- What was put into an account, once for each key.
create table payout_deposit (
    account_id text not null references settlement_account (id),
    key text not null check (length(key) between 1 and 200),
    amount integer not null check (amount > 0),
    primary key (account_id, key)
) strict, without rowid;

-- The decision to pay one person of one settlement; one row for each such pair.
create table claim_approval (
    id text primary key not null check (length(id) = 36),
    user_id text not null check (length(user_id) = 36),
    settlement_id text not null check (length(settlement_id) = 36),
    account_id text not null references settlement_account (id),
    attorney_id text not null check (length(attorney_id) = 36),
    attempt integer not null check (attempt between 0 and 4294967295),
    amount integer check (amount > 0),
    state text not null check (state in ('pending', 'approved', 'rejected', 'paid', 'failed')),
    transfer_id text check (length(transfer_id) = 36),
    approved_at integer,
    rejected_at integer,
    version integer not null check (version >= 1),
    unique (user_id, settlement_id),
    check ((attempt = 0) = (approved_at is null)),
    check ((state = 'rejected') = (rejected_at is not null)),
    check (state in ('pending', 'rejected') or attempt > 0),
    check (state <> 'paid' or transfer_id is not null),
    check (state in ('approved', 'paid') or transfer_id is null)
) strict, without rowid;

create index claim_approval_waiting on claim_approval (account_id, id)
where state = 'approved' and transfer_id is null;

-- Many transfers of one settlement. Its money: reserved (set aside, not sent), in flight (sent, or
-- about to be), paid (arrived).
create table payout_batch (
    id text primary key not null check (length(id) = 36),
    attorney_id text not null check (length(attorney_id) = 36),
    account_id text not null references settlement_account (id),
    settlement_id text not null check (length(settlement_id) = 36),
    key text not null check (length(key) between 1 and 200),
    items text check (length(items) = 64),
    state text not null
        check (state in ('queued', 'processing', 'completed', 'partial', 'failed')),
    is_sealed integer not null check (is_sealed in (0, 1)),
    filled_to text check (length(filled_to) = 36),
    total_transfers integer not null check (total_transfers between 0 and 4294967295),
    successful_transfers integer not null check (successful_transfers >= 0),
    failed_transfers integer not null check (failed_transfers >= 0),
    returned_transfers integer not null check (returned_transfers >= 0),
    total_amount integer not null check (total_amount >= 0),
    reserved integer not null check (reserved >= 0),
    in_flight integer not null check (in_flight >= 0),
    paid integer not null check (paid >= 0),
    lease_token integer check (lease_token >= 1),
    lease_until integer,
    created_at integer not null,
    finished_at integer,
    version integer not null check (version >= 1),
    unique (attorney_id, key),
    check (successful_transfers + failed_transfers <= total_transfers),
    check (returned_transfers <= successful_transfers),
    -- While its transfers are written it has to cover them; then it holds at most what they need.
    check (is_sealed = 1 or total_amount <= reserved),
    check (is_sealed = 0 or reserved + in_flight + paid <= total_amount),
    check (is_sealed = 1 or (state = 'queued' and in_flight + paid = 0)),
    check ((lease_token is null) = (lease_until is null)),
    check ((state in ('completed', 'partial', 'failed')) = (finished_at is not null))
) strict, without rowid;

create index payout_batch_newest on payout_batch (account_id, id);

-- One movement of money to one person.
create table payout_transfer (
    id text primary key not null check (length(id) = 36),
    batch_id text not null references payout_batch (id),
    approval_id text not null references claim_approval (id),
    user_id text not null check (length(user_id) = 36),
    amount integer not null check (amount > 0),
    state text not null check (state in (
        'pending', 'processing', 'unknown', 'completed', 'failed', 'returned')),
    round integer not null check (round between 0 and 4294967295),
    is_in_doubt integer not null check (is_in_doubt in (0, 1)),
    authorization text,
    hold text check (hold in (
        'user_action_required', 'approved_unchecked', 'rail_contradicts',
        'rail_refuses_unclear')),
    provider_transfer_id text,
    failure_reason text,
    initiated_at integer,
    completed_at integer,
    version integer not null check (version >= 1),
    unique (batch_id, approval_id),
    -- Nothing is known of it at a rail before it is begun.
    check (state = 'pending' or initiated_at is not null),
    check (state <> 'pending' or coalesce(
        initiated_at, authorization, hold, provider_transfer_id, failure_reason) is null),
    check ((state in ('completed', 'failed', 'returned')) = (completed_at is not null)),
    check (state not in ('completed', 'returned') or provider_transfer_id is not null),
    check ((state in ('failed', 'returned')) = (failure_reason is not null)),
    check (state in ('processing', 'unknown') or hold is null)
) strict, without rowid;

-- An approval is paid at most once: at most one of its transfers may move money, or has.
create unique index payout_transfer_live on payout_transfer (approval_id)
where state in ('pending', 'processing', 'unknown', 'completed');

create index payout_transfer_of on payout_transfer (batch_id, id);

create index payout_transfer_open on payout_transfer (batch_id, id)
where state in ('pending', 'processing', 'unknown');

-- A rail that has one name for two of them moved money once.
create unique index payout_transfer_named on payout_transfer (provider_transfer_id)
where provider_transfer_id is not null;

-- Movements of money, numbered from 1 in each account. The kind says from where and to where.
create table payout_posting (
    account_id text not null references settlement_account (id),
    sequence integer not null,
    batch_id text references payout_batch (id),
    transfer_id text check (length(transfer_id) = 36),
    kind text not null check (kind in (
        'deposit', 'reserve', 'release', 'send', 'settle', 'fail', 'return')),
    amount integer not null check (amount > 0),
    primary key (account_id, sequence),
    check ((kind = 'deposit') = (batch_id is null)),
    check ((kind in ('send', 'settle', 'fail', 'return')) = (transfer_id is not null))
) strict, without rowid;

create index payout_posting_of_transfer on payout_posting (transfer_id)
where transfer_id is not null;

create index payout_posting_of_batch on payout_posting (batch_id)
where batch_id is not null and transfer_id is null;

-- What happened, numbered from 1 in each account; each hash is over the row and the hash before it.
create table payout_log (
    account_id text not null references settlement_account (id),
    sequence integer not null,
    at integer not null,
    body text not null check (json_valid(body)),
    hash blob not null check (length(hash) = 32),
    primary key (account_id, sequence)
) strict, without rowid;

create index payout_log_by_time on payout_log (at, account_id, sequence);

-- The ends of all logs, bound together under one hash; the first seal is 1.
create table audit_seal (
    sequence integer primary key not null check (sequence >= 1),
    at integer not null,
    root blob not null check (length(root) = 32)
) strict;

-- The logs that grew before a seal, and where they ended.
create table audit_seal_head (
    seal integer not null references audit_seal (sequence),
    account_id text not null references settlement_account (id),
    sequence integer not null check (sequence >= 1),
    hash blob not null check (length(hash) = 32),
    primary key (account_id, sequence),
    unique (seal, account_id)
) strict, without rowid;

-- The last event of a rail that was read.
create table rail_cursor (
    rail text primary key not null check (rail <> ''),
    event_id integer not null check (event_id >= 1)
) strict, without rowid;

-- Events of rails as they were told, and what was done with them.
create table rail_note (
    rail text not null check (rail <> ''),
    event_id integer not null check (event_id >= 0),
    provider_transfer_id text not null,
    status text check (status in (
        'pending', 'posted', 'cancelled', 'failed', 'settled', 'funds_available', 'returned')),
    kind text not null,
    reason text,
    outcome text not null check (outcome in (
        'applied', 'known', 'other', 'quarantined', 'contradicts')),
    primary key (rail, event_id)
) strict, without rowid;

create index rail_note_quarantined on rail_note (rail, event_id) where outcome = 'quarantined';

-- Both logs only grow: the next row is the next number. Who writes a number that is there already,
-- with `insert or replace` too, is refused before anything is deleted.
create trigger payout_log_is_not_updated before update on payout_log
begin
    select raise(abort, 'the log of payouts is append-only');
end;

create trigger payout_log_has_no_gaps before insert on payout_log
when new.sequence <> 1 + coalesce(
    (select max(sequence) from payout_log where account_id = new.account_id), 0)
begin
    select raise(abort, 'the log of payouts is append-only');
end;

create trigger payout_posting_is_not_updated before update on payout_posting
begin
    select raise(abort, 'postings are append-only');
end;

create trigger payout_posting_has_no_gaps before insert on payout_posting
when new.sequence <> 1 + coalesce(
    (select max(sequence) from payout_posting where account_id = new.account_id), 0)
begin
    select raise(abort, 'postings are append-only');
end;

create trigger payout_deposit_is_not_updated before update on payout_deposit
begin
    select raise(abort, 'deposits never change');
end;

-- What a row is about never changes. No key can be taken by an update, so that `update or replace`
-- has nothing to replace.
create trigger claim_keeps_what_it_is before update of user_id, settlement_id on claim
begin
    select raise(abort, 'what a claim is about never changes');
end;

create trigger settlement_account_keeps_what_it_is
before update of id, attorney_id, settlement_id, currency, linked_at on settlement_account
begin
    select raise(abort, 'what an account is for never changes');
end;

create trigger claim_approval_keeps_what_it_is
before update of id, user_id, settlement_id, account_id, attorney_id on claim_approval
begin
    select raise(abort, 'what an approval is about never changes');
end;

create trigger payout_batch_keeps_what_it_is
before update of id, attorney_id, account_id, settlement_id, key, items, created_at on payout_batch
begin
    select raise(abort, 'what a batch is for never changes');
end;

create trigger payout_transfer_keeps_what_it_is
before update of id, batch_id, approval_id, user_id, amount on payout_transfer
begin
    select raise(abort, 'what a transfer is for never changes');
end;

-- What is final stays so.
create trigger claim_that_is_final before update on claim
when old.state = 'rejected'
begin
    select raise(abort, 'a claim that was rejected never changes');
end;

create trigger claim_approval_that_is_final before update on claim_approval
when old.state = 'rejected'
begin
    select raise(abort, 'an approval that was rejected never changes');
end;

create trigger settlement_account_that_is_closed before update of status on settlement_account
when old.status = 'closed' and new.status <> 'closed'
begin
    select raise(abort, 'an account that was closed stays closed');
end;

-- Money that comes back is still counted, and its batch holds less.
create trigger payout_batch_that_is_final before update on payout_batch
when old.state in ('completed', 'partial', 'failed') and (
    new.state <> old.state
    or new.is_sealed <> old.is_sealed
    or new.total_transfers <> old.total_transfers
    or new.total_amount <> old.total_amount
    or new.successful_transfers <> old.successful_transfers
    or new.failed_transfers <> old.failed_transfers
    or new.returned_transfers < old.returned_transfers
    or new.finished_at <> old.finished_at)
begin
    select raise(abort, 'a batch that has ended keeps its ending');
end;

create trigger payout_transfer_that_is_final before update on payout_transfer
when old.state in ('failed', 'returned') or (old.state = 'completed' and new.state <> 'returned')
begin
    select raise(abort, 'a transfer that has ended never changes, but that it can be returned');
end;

-- `insert or replace` deletes the old row without asking the triggers below, unless the connection
-- turned recursive triggers on; so no key is written twice.
create trigger claim_is_not_replaced before insert on claim
when exists (
    select 1 from claim where user_id = new.user_id and settlement_id = new.settlement_id)
begin
    select raise(abort, 'a claim is not replaced');
end;

create trigger settlement_account_is_not_replaced before insert on settlement_account
when exists (select 1 from settlement_account where id = new.id)
    or exists (select 1 from settlement_account where settlement_id = new.settlement_id)
begin
    select raise(abort, 'an account is not replaced');
end;

create trigger payout_deposit_is_not_replaced before insert on payout_deposit
when exists (select 1 from payout_deposit where account_id = new.account_id and key = new.key)
begin
    select raise(abort, 'a deposit is not replaced');
end;

create trigger claim_approval_is_not_replaced before insert on claim_approval
when exists (select 1 from claim_approval where id = new.id)
    or exists (
        select 1 from claim_approval
        where user_id = new.user_id and settlement_id = new.settlement_id)
begin
    select raise(abort, 'an approval is not replaced');
end;

create trigger payout_batch_is_not_replaced before insert on payout_batch
when exists (select 1 from payout_batch where id = new.id)
    or exists (
        select 1 from payout_batch where attorney_id = new.attorney_id and key = new.key)
begin
    select raise(abort, 'a batch is not replaced');
end;

create trigger payout_transfer_is_not_replaced before insert on payout_transfer
when exists (select 1 from payout_transfer where id = new.id)
    or exists (
        select 1 from payout_transfer
        where batch_id = new.batch_id and approval_id = new.approval_id)
    or exists (
        select 1 from payout_transfer
        where approval_id = new.approval_id
            and state in ('pending', 'processing', 'unknown', 'completed')
            and new.state in ('pending', 'processing', 'unknown', 'completed'))
begin
    select raise(abort, 'a transfer is not replaced');
end;

-- Nothing is deleted.
create trigger claim_is_not_deleted before delete on claim
begin
    select raise(abort, 'claims are not deleted');
end;

create trigger settlement_account_is_not_deleted before delete on settlement_account
begin
    select raise(abort, 'accounts are not deleted');
end;

create trigger payout_deposit_is_not_deleted before delete on payout_deposit
begin
    select raise(abort, 'deposits are not deleted');
end;

create trigger claim_approval_is_not_deleted before delete on claim_approval
begin
    select raise(abort, 'approvals are not deleted');
end;

create trigger payout_batch_is_not_deleted before delete on payout_batch
begin
    select raise(abort, 'batches are not deleted');
end;

create trigger payout_transfer_is_not_deleted before delete on payout_transfer
begin
    select raise(abort, 'transfers are not deleted');
end;

create trigger payout_posting_is_not_deleted before delete on payout_posting
begin
    select raise(abort, 'postings are append-only');
end;

create trigger payout_log_is_not_deleted before delete on payout_log
begin
    select raise(abort, 'the log of payouts is append-only');
end;

create trigger audit_seal_is_not_updated before update on audit_seal
begin
    select raise(abort, 'seals are append-only');
end;

create trigger audit_seal_is_not_deleted before delete on audit_seal
begin
    select raise(abort, 'seals are append-only');
end;

create trigger audit_seal_has_no_gaps before insert on audit_seal
when new.sequence <> 1 + coalesce((select max(sequence) from audit_seal), 0)
begin
    select raise(abort, 'seals are append-only');
end;

create trigger audit_seal_head_is_not_updated before update on audit_seal_head
begin
    select raise(abort, 'seals are append-only');
end;

create trigger audit_seal_head_is_not_deleted before delete on audit_seal_head
begin
    select raise(abort, 'seals are append-only');
end;

create trigger rail_cursor_is_not_deleted before delete on rail_cursor
begin
    select raise(abort, 'how far a rail was read is not deleted');
end;

create trigger rail_note_is_not_deleted before delete on rail_note
begin
    select raise(abort, 'events of rails are not deleted');
end;

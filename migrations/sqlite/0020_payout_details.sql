-- Where a publisher is paid. Each version stays as it was said. What could do harm in other hands stands apart and sealed,
-- with the keyed hash by which two publishers with one destination are found: both are made again under another key.

create table payout_details (
    payout_details_id integer not null,
    publisher_id      integer not null references parties (party_id),
    version           integer not null,
    method            text    not null,
    masked            text    not null,
    country           text    not null,
    created_at_ms     integer not null,
    created_by        integer not null,
    constraint payout_details_pkey primary key (payout_details_id),
    constraint payout_details_publisher_id_version_key unique (publisher_id, version)
) strict;

create trigger payout_details_no_update before update on payout_details
begin select raise(abort, 'payout_details_append_only'); end;
create trigger payout_details_no_delete before delete on payout_details
begin select raise(abort, 'payout_details_append_only'); end;

create table payout_secrets (
    payout_details_id integer not null references payout_details (payout_details_id),
    key_id            integer not null,
    nonce             blob    not null,
    sealed            blob    not null,
    destination_hash  blob    not null,
    constraint payout_secrets_pkey primary key (payout_details_id)
) strict;
create index payout_secrets_destination_idx on payout_secrets (destination_hash);

-- Where a publisher is paid. Each version stays as it was said. What could do harm in other hands stands apart and sealed,
-- with the keyed hash by which two publishers with one destination are found: both are made again under another key.

create table payout_details (
    payout_details_id bigint  not null,
    publisher_id      bigint  not null references parties (party_id),
    version           bigint  not null,
    method            text    not null,
    masked            text    not null,
    country           text    not null,
    created_at_ms     bigint  not null,
    created_by        bigint  not null,
    constraint payout_details_pkey primary key (payout_details_id),
    constraint payout_details_publisher_id_version_key unique (publisher_id, version)
);

create trigger payout_details_append_only before update or delete or truncate on payout_details
    for each statement execute function append_only();

create table payout_secrets (
    payout_details_id bigint  not null references payout_details (payout_details_id),
    key_id            bigint  not null,
    nonce             bytea   not null,
    sealed            bytea   not null,
    destination_hash  bytea   not null,
    constraint payout_secrets_pkey primary key (payout_details_id)
);
create index payout_secrets_destination_idx on payout_secrets (destination_hash);

-- What a party is told inside the application: about one object once, however many processes look. When it was told is
-- in the id.
create table notices (
    notice_id  integer not null,
    party_id   integer not null references parties (party_id),
    code       text    not null,
    object     text    not null,
    text       text    not null,
    seen_at_ms integer,
    constraint notices_pkey primary key (notice_id),
    constraint notices_party_id_code_object_key unique (party_id, code, object)
) strict;
create index notices_party_idx on notices (party_id, notice_id);
create index notices_new_idx on notices (party_id, notice_id) where seen_at_ms is null;

-- The queue of an advertiser, oldest first.
create index conversions_pending_idx on conversions (advertiser_id, conversion_id) where state = 'pending';

-- Conversions reported in a file: the file as it came, and what became, or would become, of each of its rows.
create table uploads (
    upload_id      integer not null,
    campaign_id    integer not null references campaigns (campaign_id),
    member_id      integer not null references members (member_id),
    name           text    not null,
    content        text    not null,
    rows_count     integer not null,
    started_at_ms  integer,
    recorded_at_ms integer,
    constraint uploads_pkey primary key (upload_id)
) strict;
create index uploads_campaign_idx on uploads (campaign_id, upload_id);

create table upload_rows (
    upload_id     integer not null references uploads (upload_id),
    number        integer not null,
    order_id      text    not null,
    outcome       text    not null,
    http_status   integer not null,
    is_duplicate  integer not null check (is_duplicate in (0, 1)),
    reason        text,
    message       text    not null,
    conversion_id integer,
    constraint upload_rows_pkey primary key (upload_id, number)
) strict;

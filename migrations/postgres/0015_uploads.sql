-- Conversions reported in a file: the file as it came, and what became, or would become, of each of its rows.
create table uploads (
    upload_id      bigint  not null,
    campaign_id    bigint  not null references campaigns (campaign_id),
    member_id      bigint  not null references members (member_id),
    name           text    not null,
    content        text    not null,
    rows_count     bigint  not null,
    started_at_ms  bigint ,
    recorded_at_ms bigint ,
    constraint uploads_pkey primary key (upload_id)
);
create index uploads_campaign_idx on uploads (campaign_id, upload_id);

create table upload_rows (
    upload_id     bigint  not null references uploads (upload_id),
    number        bigint  not null,
    order_id      text    not null,
    outcome       text    not null,
    http_status   bigint  not null,
    is_duplicate  boolean not null,
    reason        text,
    message       text    not null,
    conversion_id bigint ,
    constraint upload_rows_pkey primary key (upload_id, number)
);

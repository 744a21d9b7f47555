-- What the advertiser's page says of a click: it arrived. Once per click; it goes only after its click.
create table landings (
    click_id     bigint not null,
    landed_at_ms bigint not null,
    path         text   not null,
    constraint landings_pkey primary key (click_id)
);
create function landings_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and not exists (select 1 from clicks where click_id = old.click_id) then
        return old;
    end if;
    raise exception 'landings_append_only'
        using errcode = 'integrity_constraint_violation', constraint = 'landings_append_only';
end $$;
create trigger landings_append_only before update or delete on landings
    for each row execute function landings_append_only();
create trigger landings_no_truncate before truncate on landings
    for each statement execute function append_only();

-- Landings per reader, in the bucket of their click, so that landed and clicks of a row are of the same clicks.
create table landing_rollups (
    reader_id    bigint not null,
    grain        text   not null,
    bucket       bigint not null,
    campaign_id  bigint not null,
    publisher_id bigint not null,
    link_id      bigint not null,
    creative_id  bigint not null,
    landings     bigint not null,
    constraint landing_rollups_pkey primary key
        (reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id)
);

-- Landings that were refused; nothing else is kept of them.
create table landing_refusals (
    utc_day  bigint not null,
    reason   text   not null,
    requests bigint not null,
    constraint landing_refusals_pkey primary key (utc_day, reason)
);

-- Of the countable clicks whose browser would say it: how many a person's gesture led to.
create table gesture_rollups (
    utc_day      bigint not null,
    campaign_id  bigint not null,
    publisher_id bigint not null,
    clicks       bigint not null,
    gestures     bigint not null,
    constraint gesture_rollups_pkey primary key (utc_day, campaign_id, publisher_id)
);
insert into gesture_rollups (utc_day, campaign_id, publisher_id, clicks, gestures)
    select (click_id >> 21) / 86400000 + 18262, campaign_id, publisher_id, count(*),
        sum(case when has_gesture then 1 else 0 end)
    from clicks where label <> 'invalid' and has_gesture is not null group by 1, 2, 3;

-- What the advertiser's page says of a click: it arrived. Once per click; it goes only after its click.
create table landings (
    click_id     integer not null,
    landed_at_ms integer not null,
    path         text    not null,
    constraint landings_pkey primary key (click_id)
) strict;
create trigger landings_no_update before update on landings
begin select raise(abort, 'landings_append_only'); end;
create trigger landings_no_delete before delete on landings
when exists (select 1 from clicks where click_id = old.click_id)
begin select raise(abort, 'landings_append_only'); end;

-- Landings per reader, in the bucket of their click, so that landed and clicks of a row are of the same clicks.
create table landing_rollups (
    reader_id    integer not null,
    grain        text    not null,
    bucket       integer not null,
    campaign_id  integer not null,
    publisher_id integer not null,
    link_id      integer not null,
    creative_id  integer not null,
    landings     integer not null,
    constraint landing_rollups_pkey primary key
        (reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id)
) strict, without rowid;

-- Landings that were refused; nothing else is kept of them.
create table landing_refusals (
    utc_day  integer not null,
    reason   text    not null,
    requests integer not null,
    constraint landing_refusals_pkey primary key (utc_day, reason)
) strict, without rowid;

-- Of the countable clicks whose browser would say it: how many a person's gesture led to.
create table gesture_rollups (
    utc_day      integer not null,
    campaign_id  integer not null,
    publisher_id integer not null,
    clicks       integer not null,
    gestures     integer not null,
    constraint gesture_rollups_pkey primary key (utc_day, campaign_id, publisher_id)
) strict, without rowid;
insert into gesture_rollups (utc_day, campaign_id, publisher_id, clicks, gestures)
    select (click_id >> 21) / 86400000 + 18262, campaign_id, publisher_id, count(*),
        sum(case when has_gesture then 1 else 0 end)
    from clicks where label <> 'invalid' and has_gesture is not null group by 1, 2, 3;

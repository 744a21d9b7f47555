-- Terms may pay for valid clicks themselves: so much for each (0: nothing), up to a limit a day for each publisher (0:
-- none).
alter table terms add column click_minor bigint not null default 0;
alter table terms add column click_currency text not null default '';
alter table terms add column click_cap_minor bigint not null default 0;

-- The valid clicks of a UTC day that are paid by a version of the terms, counted in the transaction that counts them in
-- the reports; and how many of them the day's conversion was brought up to.
create table click_days (
    campaign_id    bigint not null,
    publisher_id   bigint not null,
    utc_day        bigint not null,
    terms_version  bigint not null,
    first_click_id bigint not null,
    unique_clicks  bigint not null,
    counted_clicks bigint not null default 0,
    counted_at_ms  bigint not null default 0,
    conversion_id  bigint,
    constraint click_days_pkey primary key (campaign_id, publisher_id, utc_day, terms_version)
);
create index click_days_uncounted_idx on click_days (campaign_id, publisher_id, utc_day)
    where unique_clicks <> counted_clicks;

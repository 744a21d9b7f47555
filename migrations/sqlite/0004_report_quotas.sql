-- Reports that anybody can send, by campaign and UTC day: how many new orders they made, and how many more were refused.
-- One row a campaign and day, however many there are.

create table report_quotas (
    campaign_id integer not null references campaigns (campaign_id),
    utc_day     integer not null,
    accepted    integer not null,
    beyond      integer not null,
    constraint report_quotas_pkey primary key (campaign_id, utc_day)
) strict, without rowid;

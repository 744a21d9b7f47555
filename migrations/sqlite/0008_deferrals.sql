-- Clicks that were answered before their commit: how many, not which.
create table deferrals (
    utc_day  integer not null,
    deferred integer not null,
    lost     integer not null,
    constraint deferrals_pkey primary key (utc_day)
) strict;

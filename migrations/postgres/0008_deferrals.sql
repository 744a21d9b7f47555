-- Clicks that were answered before their commit: how many, not which.
create table deferrals (
    utc_day  bigint not null,
    deferred bigint not null,
    lost     bigint not null,
    constraint deferrals_pkey primary key (utc_day)
);

-- Since when a person let a held conversion go on, until its evidence changes.
alter table conversions add column hold_released_at_ms bigint;

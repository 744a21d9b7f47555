-- An order, a click or a request is found by the id that somebody has in hand.
alter table attempts add column order_id text;
create index attempts_order_idx on attempts (order_id, attempt_id);
create index conversions_order_idx on conversions (order_id, conversion_id);
create index conversions_click_idx on conversions (click_id, conversion_id);

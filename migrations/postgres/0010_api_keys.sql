-- A key may end on a day; a request may be sent again by a member, and is found by its order id.
alter table api_keys add column expires_at_ms bigint;
alter table attempts add column order_id text;
alter table attempts add column member_id bigint;
alter table attempts add column replay_of bigint;

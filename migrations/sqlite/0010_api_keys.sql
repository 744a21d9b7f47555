-- A key may end on a day; a request may be sent again by a member, and is found by its order id.
alter table api_keys add column expires_at_ms integer;
alter table attempts add column order_id text;
alter table attempts add column member_id integer;
alter table attempts add column replay_of integer;

-- A key may end on a day; a request may be sent again by a member.
alter table api_keys add column expires_at_ms bigint;
alter table attempts add column member_id bigint;
alter table attempts add column replay_of bigint;

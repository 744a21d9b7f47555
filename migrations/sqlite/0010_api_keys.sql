-- A key may end on a day; a request may be sent again by a member.
alter table api_keys add column expires_at_ms integer;
alter table attempts add column member_id integer;
alter table attempts add column replay_of integer;

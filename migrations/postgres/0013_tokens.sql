-- A secret is a key, sent in a header, or a token, written into the address; it may count from some networks only.
alter table api_keys add column badge text not null default 'key' check (badge in ('key', 'token'));
alter table api_keys add column networks text not null default '';

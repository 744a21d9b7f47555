-- Whose a conversion is may rest on a publisher's coupon, or on a customer who is bound to one. The terms say in which
-- order the kinds of evidence are asked, and for how long a customer is bound.

alter table terms add column policy text not null default 'click,coupon,customer';
alter table terms add column binding_months integer not null default 0;

-- A coupon keeps its campaign, publisher, code and first day; it ends, and is never deleted.
create table coupons (
    coupon_id      integer not null,
    campaign_id    integer not null references campaigns (campaign_id),
    publisher_id   integer not null references parties (party_id),
    code           text    not null,
    code_key       text    not null,
    valid_from_ms  integer not null,
    valid_until_ms integer,
    created_at_ms  integer not null,
    created_by     integer not null,
    ended_at_ms    integer,
    ended_by       integer,
    constraint coupons_pkey primary key (coupon_id),
    constraint coupons_campaign_id_code_key_key unique (campaign_id, code_key),
    constraint coupons_valid_check check (valid_until_ms is null or valid_until_ms > valid_from_ms)
) strict;
create index coupons_publisher_idx on coupons (publisher_id, coupon_id);

create trigger coupons_no_move before update of coupon_id, campaign_id, publisher_id, code, code_key, valid_from_ms,
    valid_until_ms, created_at_ms, created_by on coupons
begin select raise(abort, 'coupons_fixed'); end;
create trigger coupons_no_delete before delete on coupons
begin select raise(abort, 'coupons_fixed'); end;

-- The coupon that is credited, where no click is.
alter table conversions add column coupon_id integer;
create index conversions_coupon_idx on conversions (coupon_id, conversion_id) where coupon_id is not null;

-- Who bound a customer is read from the orders themselves: the hash is keyed by campaign.
create index evidence_customer_idx on evidence (customer_hash, conversion_id) 
    where customer_hash is not null and badge in ('signed', 'key');

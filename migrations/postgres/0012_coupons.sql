-- Whose a conversion is may rest on a publisher's coupon, or on a customer who is bound to one. The terms say in which
-- order the kinds of evidence are asked, and for how long a customer is bound.

alter table terms add column policy text not null default 'click,coupon,customer';
alter table terms add column binding_months bigint not null default 0;

-- A coupon keeps its campaign, publisher, code and first day; it ends, and is never deleted.
create table coupons (
    coupon_id      bigint not null,
    campaign_id    bigint not null references campaigns (campaign_id),
    publisher_id   bigint not null references parties (party_id),
    code           text    not null,
    code_key       text collate "C" not null,
    valid_from_ms  bigint not null,
    valid_until_ms bigint,
    created_at_ms  bigint not null,
    created_by     bigint not null,
    ended_at_ms    bigint,
    ended_by       bigint,
    constraint coupons_pkey primary key (coupon_id),
    constraint coupons_campaign_id_code_key_key unique (campaign_id, code_key),
    constraint coupons_valid_check check (valid_until_ms is null or valid_until_ms > valid_from_ms)
);
create index coupons_publisher_idx on coupons (publisher_id, coupon_id);

create function coupons_fixed() returns trigger language plpgsql as $$
begin
    raise exception 'coupons_fixed' using errcode = 'integrity_constraint_violation', constraint = 'coupons_fixed';
end $$;
create trigger coupons_no_move before update of coupon_id, campaign_id, publisher_id, code, code_key, valid_from_ms,
    valid_until_ms, created_at_ms, created_by on coupons
    for each row execute function coupons_fixed();
create trigger coupons_no_delete before delete or truncate on coupons
    for each statement execute function coupons_fixed();

-- The coupon that is credited, where no click is.
alter table conversions add column coupon_id bigint;
create index conversions_coupon_idx on conversions (coupon_id, conversion_id) where coupon_id is not null;

-- Who bound a customer is read from the orders themselves: the hash is keyed by campaign.
create index evidence_customer_idx on evidence (customer_hash, conversion_id) 
    where customer_hash is not null and badge in ('signed', 'key');

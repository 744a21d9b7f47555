-- What was taken back of an order, by the advertiser's reference of it. It belongs to the order, not to a conversion: it
-- may come before the sale.
create table refunds (
    refund_id    bigint not null,
    campaign_id  bigint not null references campaigns (campaign_id),
    event        text    not null,
    order_id     text collate "C" not null,
    reference    text collate "C" not null,
    currency     text    not null,
    amount_minor bigint not null,
    lines        text    not null,
    reason       text    not null,
    note         text    not null,
    created_by   bigint,
    constraint refunds_pkey primary key (refund_id),
    constraint refunds_campaign_id_event_order_id_reference_key unique (campaign_id, event, order_id, reference),
    constraint refunds_amount_check check (amount_minor > 0)
);

-- With which step of its conversion a refund counts. One without a row waits.
create table refund_steps (
    refund_id bigint not null references refunds (refund_id),
    event_id  bigint not null references conversion_events (event_id),
    constraint refund_steps_pkey primary key (refund_id)
);
create index refund_steps_event_idx on refund_steps (event_id);

create trigger refunds_append_only before update or delete or truncate on refunds
    for each statement execute function append_only();
create trigger refund_steps_append_only before update or delete or truncate on refund_steps
    for each statement execute function append_only();

-- What a conversion was worth before and after a step; events from before say nothing.
alter table conversion_events add column commission_before bigint;
alter table conversion_events add column commission_after bigint;
alter table conversion_events add column fee_before bigint;
alter table conversion_events add column fee_after bigint;

-- Of a row that refunds: how much, as it was written.
alter table review_rows add column amount text not null default '';

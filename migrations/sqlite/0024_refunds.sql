-- What was taken back of an order, by the advertiser's reference of it. It belongs to the order, not to a conversion: it
-- may come before the sale.
create table refunds (
    refund_id    integer not null,
    campaign_id  integer not null references campaigns (campaign_id),
    event        text    not null,
    order_id     text    not null,
    reference    text    not null,
    currency     text    not null,
    amount_minor integer not null,
    lines        text    not null,
    reason       text    not null,
    note         text    not null,
    created_by   integer,
    constraint refunds_pkey primary key (refund_id),
    constraint refunds_campaign_id_event_order_id_reference_key unique (campaign_id, event, order_id, reference),
    constraint refunds_amount_check check (amount_minor > 0)
) strict;

-- With which step of its conversion a refund counts. One without a row waits.
create table refund_steps (
    refund_id integer not null references refunds (refund_id),
    event_id  integer not null references conversion_events (event_id),
    constraint refund_steps_pkey primary key (refund_id)
) strict;
create index refund_steps_event_idx on refund_steps (event_id);

create trigger refunds_no_update before update on refunds
begin select raise(abort, 'refunds_append_only'); end;
create trigger refunds_no_delete before delete on refunds
begin select raise(abort, 'refunds_append_only'); end;
create trigger refund_steps_no_update before update on refund_steps
begin select raise(abort, 'refund_steps_append_only'); end;
create trigger refund_steps_no_delete before delete on refund_steps
begin select raise(abort, 'refund_steps_append_only'); end;

-- What a conversion was worth before and after a step; events from before say nothing.
alter table conversion_events add column commission_before integer;
alter table conversion_events add column commission_after integer;
alter table conversion_events add column fee_before integer;
alter table conversion_events add column fee_after integer;

-- Of a row that refunds: how much, as it was written.
alter table review_rows add column amount text not null default '';

-- What publishers are to be paid, and what they owe. Payouts take entries, not conversions: one conversion may be paid in
-- one run, and a part of it be owed back in another. The id is that of the step that made the entry.
create table payables (
    payable_id     bigint not null,
    publisher_id   bigint not null references parties (party_id),
    currency       text   not null,
    amount_minor   bigint not null,
    conversion_id  bigint references conversions (conversion_id),
    kind           text   not null,
    approved_at_ms bigint not null,
    created_at_ms  bigint not null,
    constraint payables_pkey primary key (payable_id),
    constraint payables_amount_check check (amount_minor <> 0)
);
create index payables_publisher_idx on payables (publisher_id, currency, payable_id);
create index payables_conversion_idx on payables (conversion_id);

insert into payables (payable_id, publisher_id, currency, amount_minor, conversion_id, kind, approved_at_ms, created_at_ms)
    select e.event_id, c.publisher_id, t.currency, t.amount_minor, c.conversion_id, 'released',
        coalesce(c.approved_at_ms, t.created_at_ms), t.created_at_ms
    from transfers t join conversion_events e on e.event_id = t.fact_id
    join conversions c on c.conversion_id = e.conversion_id
    where t.fact = 'conversion' and t.code = 'released' and c.publisher_id is not null;

create trigger payables_append_only before update or delete or truncate on payables
    for each statement execute function append_only();

-- An entry is in at most one payout that is approved, sent or paid.
alter table payout_items rename to payout_items_before;
alter table payout_items_before rename constraint payout_items_pkey to payout_items_before_pkey;
create table payout_items (
    payout_id    bigint  not null references payouts (payout_id),
    payable_id   bigint  not null references payables (payable_id),
    amount_minor bigint  not null,
    is_binding   boolean not null,
    constraint payout_items_pkey primary key (payout_id, payable_id)
);
insert into payout_items (payout_id, payable_id, amount_minor, is_binding)
    select i.payout_id, b.payable_id, i.amount_minor, p.state in ('approved', 'sent', 'paid')
    from payout_items_before i join payouts p on p.payout_id = i.payout_id
    join payables b on b.conversion_id = i.conversion_id;
drop table payout_items_before;
create unique index payout_items_payable_id_key on payout_items (payable_id) where is_binding;
create index payout_items_payable_idx on payout_items (payable_id);

-- What of deposits pays for a conversion, or is taken back from it: a conversion is paid for when the sum of its rows is
-- its commission with its fee.
alter table allocations rename to allocations_before;
alter table allocations_before rename constraint allocations_pkey to allocations_before_pkey;
create table allocations (
    allocation_id bigint not null,
    conversion_id bigint not null references conversions (conversion_id),
    amount_minor  bigint not null,
    created_at_ms bigint not null,
    constraint allocations_pkey primary key (allocation_id),
    constraint allocations_amount_check check (amount_minor <> 0)
);
insert into allocations (allocation_id, conversion_id, amount_minor, created_at_ms)
    select conversion_id, conversion_id, amount_minor, created_at_ms from allocations_before where amount_minor <> 0;
drop table allocations_before;
create index allocations_conversion_idx on allocations (conversion_id);

create trigger allocations_append_only before update or delete or truncate on allocations
    for each statement execute function append_only();

create index conversions_payout_idx on conversions (payout_id) where payout_id is not null;
-- What is payable and worth nothing has no entry, and goes along with its publisher's next payout.
create index conversions_worthless_idx on conversions (publisher_id, currency)
    where state = 'payable' and commission_minor = 0;

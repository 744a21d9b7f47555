-- Many reviews together: what was asked for, and what became, or would become, of each row. The rows are written before
-- their batch, so that one that is there is whole.
create table review_batches (
    review_batch_id bigint  not null,
    party_id        bigint  not null references parties (party_id),
    member_id       bigint  not null references members (member_id),
    name            text    not null,
    rows_count      bigint  not null,
    started_by      bigint,
    started_at_ms   bigint,
    done_at_ms      bigint,
    constraint review_batches_pkey primary key (review_batch_id)
);
create index review_batches_party_idx on review_batches (party_id, review_batch_id);
create index review_batches_undone_idx on review_batches (review_batch_id)
    where started_at_ms is not null and done_at_ms is null;

create table review_rows (
    review_batch_id bigint  not null,
    number          bigint  not null,
    order_id        text    not null,
    event           text    not null,
    conversion_id   bigint,
    seen_version    bigint,
    action          text,
    reason          text,
    note            text    not null,
    outcome         text    not null,
    message         text    not null,
    constraint review_rows_pkey primary key (review_batch_id, number)
);
create index review_rows_ready_idx on review_rows (review_batch_id, number) where outcome = 'ready';

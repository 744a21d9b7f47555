-- Many reviews together: what was asked for, and what became, or would become, of each row. The rows are written before
-- their batch, so that one that is there is whole.
create table review_batches (
    review_batch_id integer not null,
    party_id        integer not null references parties (party_id),
    member_id       integer not null references members (member_id),
    name            text    not null,
    rows_count      integer not null,
    started_by      integer,
    started_at_ms   integer,
    done_at_ms      integer,
    constraint review_batches_pkey primary key (review_batch_id)
) strict;
create index review_batches_party_idx on review_batches (party_id, review_batch_id);
create index review_batches_undone_idx on review_batches (review_batch_id)
    where started_at_ms is not null and done_at_ms is null;

create table review_rows (
    review_batch_id integer not null,
    number          integer not null,
    order_id        text    not null,
    event           text    not null,
    conversion_id   integer,
    seen_version    integer,
    action          text,
    reason          text,
    note            text    not null,
    outcome         text    not null,
    message         text    not null,
    constraint review_rows_pkey primary key (review_batch_id, number)
) strict;
create index review_rows_ready_idx on review_rows (review_batch_id, number) where outcome = 'ready';

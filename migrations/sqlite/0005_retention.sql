-- What is forgotten after its time: when each kind is looked at next, and up to where it is forgotten.

create table retention (
    kind                text    not null,
    next_run_at_ms      integer not null,
    forgotten_before_ms integer not null,
    constraint retention_pkey primary key (kind)
) strict;

-- A label goes with its click, and never before.
drop trigger click_labels_no_delete;
create trigger click_labels_no_delete before delete on click_labels
when not exists (select 1 from retention
    where kind = 'clicks' and old.click_id < (forgotten_before_ms - 1577836800000) * 2097152)
begin select raise(abort, 'click_labels_append_only'); end;

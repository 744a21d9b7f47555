-- What is forgotten after its time: when each kind is looked at next, and up to where it is forgotten.

create table retention (
    kind                text   not null,
    next_run_at_ms      bigint not null,
    forgotten_before_ms bigint not null,
    constraint retention_pkey primary key (kind)
);

-- A label goes with its click, and never before.
drop trigger click_labels_append_only on click_labels;
create trigger click_labels_append_only before update or truncate on click_labels
    for each statement execute function append_only();
create function click_labels_kept() returns trigger language plpgsql as $$
begin
    if exists (select from retention
        where kind = 'clicks' and old.click_id < (forgotten_before_ms - 1577836800000) * 2097152) then
        return old;
    end if;
    raise exception 'click_labels_append_only'
        using errcode = 'integrity_constraint_violation', constraint = 'click_labels_append_only';
end $$;
create trigger click_labels_no_delete before delete on click_labels
    for each row execute function click_labels_kept();

-- A partition for the clicks of one month, as in 202603. A month of which clicks lie in the default partition already
-- stays there. Attached, not created in place: clicks go on being stored meanwhile.
create function make_clicks_month(month text, first_id bigint, end_id bigint) returns boolean
language plpgsql set lock_timeout = '5s' as $$
declare
    name text := 'clicks_' || month;
begin
    if to_regclass(name) is not null
        or exists (select from clicks_default where click_id >= first_id and click_id < end_id) then
        return false;
    end if;
    execute format('create table %I (like clicks including all)', name);
    execute format('alter table clicks attach partition %I for values from (%s) to (%s)', name, first_id, end_id);
    return true;
end $$;

-- Drops the partitions of the months before this one, and says how many.
create function drop_clicks_months_before(month text) returns bigint
language plpgsql set lock_timeout = '5s' as $$
declare
    name text;
    dropped bigint := 0;
begin
    for name in select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'clicks'::regclass and c.relname ~ '^clicks_[0-9]{6}$'
        and c.relname::text < 'clicks_' || month order by 1
    loop
        execute format('alter table clicks detach partition %I', name);
        execute format('drop table %I', name);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;

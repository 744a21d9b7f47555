-- What has been said stays said: a correction is a new row.

create function append_only() returns trigger language plpgsql as $$
begin
    raise exception '%_append_only', tg_table_name
        using errcode = 'integrity_constraint_violation', constraint = tg_table_name || '_append_only';
end $$;

create trigger terms_append_only before update or delete or truncate on terms
    for each statement execute function append_only();
create trigger terms_events_append_only before update or delete or truncate on terms_events
    for each statement execute function append_only();
create trigger terms_rules_append_only before update or delete or truncate on terms_rules
    for each statement execute function append_only();
create trigger evidence_append_only before update or delete or truncate on evidence
    for each statement execute function append_only();
create trigger decisions_append_only before update or delete or truncate on decisions
    for each statement execute function append_only();
create trigger conversion_events_append_only before update or delete or truncate on conversion_events
    for each statement execute function append_only();
create trigger transfers_append_only before update or delete or truncate on transfers
    for each statement execute function append_only();
create trigger deposits_append_only before update or delete or truncate on deposits
    for each statement execute function append_only();
create trigger allocations_append_only before update or delete or truncate on allocations
    for each statement execute function append_only();
create trigger click_labels_append_only before update or delete or truncate on click_labels
    for each statement execute function append_only();

-- A click is never updated; retention may delete it. (Row level: a partitioned table carries it to every month.)
create function clicks_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'clicks_append_only'
        using errcode = 'integrity_constraint_violation', constraint = 'clicks_append_only';
end $$;
create trigger clicks_append_only before update on clicks
    for each row execute function clicks_append_only();

-- A link keeps its campaign and publisher and is never deleted.
create function links_fixed() returns trigger language plpgsql as $$
begin
    raise exception 'links_fixed' using errcode = 'integrity_constraint_violation', constraint = 'links_fixed';
end $$;
create trigger links_no_move before update of link_id, slug, campaign_id, publisher_id on links
    for each row execute function links_fixed();
create trigger links_no_delete before delete or truncate on links
    for each statement execute function links_fixed();

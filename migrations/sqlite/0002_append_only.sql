-- What has been said stays said: a correction is a new row.

create trigger terms_no_update before update on terms
begin select raise(abort, 'terms_append_only'); end;
create trigger terms_no_delete before delete on terms
begin select raise(abort, 'terms_append_only'); end;
create trigger terms_events_no_update before update on terms_events
begin select raise(abort, 'terms_events_append_only'); end;
create trigger terms_events_no_delete before delete on terms_events
begin select raise(abort, 'terms_events_append_only'); end;
create trigger terms_rules_no_update before update on terms_rules
begin select raise(abort, 'terms_rules_append_only'); end;
create trigger terms_rules_no_delete before delete on terms_rules
begin select raise(abort, 'terms_rules_append_only'); end;
create trigger evidence_no_update before update on evidence
begin select raise(abort, 'evidence_append_only'); end;
create trigger evidence_no_delete before delete on evidence
begin select raise(abort, 'evidence_append_only'); end;
create trigger decisions_no_update before update on decisions
begin select raise(abort, 'decisions_append_only'); end;
create trigger decisions_no_delete before delete on decisions
begin select raise(abort, 'decisions_append_only'); end;
create trigger conversion_events_no_update before update on conversion_events
begin select raise(abort, 'conversion_events_append_only'); end;
create trigger conversion_events_no_delete before delete on conversion_events
begin select raise(abort, 'conversion_events_append_only'); end;
create trigger transfers_no_update before update on transfers
begin select raise(abort, 'transfers_append_only'); end;
create trigger transfers_no_delete before delete on transfers
begin select raise(abort, 'transfers_append_only'); end;
create trigger deposits_no_update before update on deposits
begin select raise(abort, 'deposits_append_only'); end;
create trigger deposits_no_delete before delete on deposits
begin select raise(abort, 'deposits_append_only'); end;
create trigger allocations_no_update before update on allocations
begin select raise(abort, 'allocations_append_only'); end;
create trigger allocations_no_delete before delete on allocations
begin select raise(abort, 'allocations_append_only'); end;
create trigger click_labels_no_update before update on click_labels
begin select raise(abort, 'click_labels_append_only'); end;
create trigger click_labels_no_delete before delete on click_labels
begin select raise(abort, 'click_labels_append_only'); end;

-- A click is never updated; retention may delete it.
create trigger clicks_no_update before update on clicks
begin select raise(abort, 'clicks_append_only'); end;

-- A link keeps its campaign and publisher and is never deleted.
create trigger links_no_move before update of link_id, slug, campaign_id, publisher_id on links
begin select raise(abort, 'links_fixed'); end;
create trigger links_no_delete before delete on links
begin select raise(abort, 'links_fixed'); end;

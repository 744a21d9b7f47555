-- A payout goes where its publisher was paid when it was reserved, and nowhere else: the version of the details stands in
-- it from then on. What was under way already is bound to what stood there when it was approved.
alter table payouts add column payout_details_id integer references payout_details (payout_details_id);
update payouts set payout_details_id = (
    select d.payout_details_id from payout_details d
    where d.publisher_id = payouts.publisher_id and d.created_at_ms <= payouts.decided_at_ms
    order by d.version desc limit 1
) where state in ('approved', 'sent');
-- When the bank was told to pay it.
alter table payouts add column sent_at_ms integer;

-- That an admin has looked at a destination that several publishers name, and lets this version be paid all the same;
-- with whom it was shared then: all versions up to `seen_details_id`.
create table destination_releases (
    payout_details_id integer not null references payout_details (payout_details_id),
    seen_details_id   integer not null references payout_details (payout_details_id),
    reason            text    not null,
    created_at_ms     integer not null,
    created_by        integer not null,
    constraint destination_releases_pkey primary key (payout_details_id, seen_details_id)
) strict;

create trigger destination_releases_no_update before update on destination_releases
begin select raise(abort, 'destination_releases_append_only'); end;
create trigger destination_releases_no_delete before delete on destination_releases
begin select raise(abort, 'destination_releases_append_only'); end;

-- Clicks that are stored and not yet in the totals: less than a second's, while many come. Who reads totals waits until
-- there are none; a process that was killed leaves them to the next one.
create table uncounted_clicks (
    click_id integer not null,
    constraint uncounted_clicks_pkey primary key (click_id)
) strict;

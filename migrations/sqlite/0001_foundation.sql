-- Ids come from the generator of domain::ids; times are UTC milliseconds; money is minor units.
-- Unique constraints carry PostgreSQL's default names, so that code can match them on both databases.

create table node_leases (
    node_id       integer not null,
    holder        blob    not null,
    expires_at_ms integer not null,
    constraint node_leases_pkey primary key (node_id)
) strict;

create table members (
    member_id     integer not null,
    email         text    not null,
    name          text    not null,
    password_hash text    not null,
    state         text    not null,
    created_at_ms integer not null,
    constraint members_pkey primary key (member_id),
    constraint members_email_key unique (email)
) strict;

create table parties (
    party_id      integer not null,
    kind          text    not null,
    name          text    not null,
    website       text    not null,
    state         text    not null,
    state_reason  text    not null,
    time_zone     text    not null,
    locale        text    not null,
    created_at_ms integer not null,
    version       integer not null,
    constraint parties_pkey primary key (party_id)
) strict;
insert into parties values (1, 'network', 'Network', '', 'admitted', '', 'UTC', 'en', 1577836800000, 1);

create table memberships (
    membership_id integer not null,
    member_id     integer not null references members (member_id),
    party_id      integer not null references parties (party_id),
    role          text    not null,
    created_at_ms integer not null,
    constraint memberships_pkey primary key (membership_id),
    constraint memberships_member_id_party_id_key unique (member_id, party_id)
) strict;
create index memberships_party_idx on memberships (party_id);

create table sessions (
    session_hash  blob    not null,
    member_id     integer,
    content       text    not null,
    created_at_ms integer not null,
    touched_at_ms integer not null,
    expires_at_ms integer not null,
    constraint sessions_pkey primary key (session_hash)
) strict;
create index sessions_member_idx on sessions (member_id);
create index sessions_expiry_idx on sessions (expires_at_ms);

create table campaigns (
    campaign_id       integer not null,
    advertiser_id     integer not null references parties (party_id),
    name              text    not null,
    description       text    not null,
    category          text    not null,
    state             text    not null,
    state_reason      text    not null,
    landing_url       text    not null,
    allowed_hosts     text    not null,
    landing_parameter text    not null,
    approval          text    not null,
    terms_version     integer not null,
    secret_version    integer not null,
    created_at_ms     integer not null,
    version           integer not null,
    constraint campaigns_pkey primary key (campaign_id)
) strict;
create index campaigns_advertiser_idx on campaigns (advertiser_id, campaign_id);
create index campaigns_state_idx on campaigns (state, campaign_id);

-- Immutable versions: a click keeps the number of the one that prices it.
create table terms (
    campaign_id     integer not null references campaigns (campaign_id),
    version         integer not null,
    starts_at_ms    integer not null,
    currencies      text    not null,
    window_ms       integer not null,
    model           text    not null,
    validation_days integer not null,
    hold_days       integer not null,
    fee_basis       text    not null,
    fee_bps         integer not null,
    too_fast_ms     integer not null,
    content         text    not null,
    created_at_ms   integer not null,
    created_by      integer not null,
    constraint terms_pkey primary key (campaign_id, version),
    constraint terms_window_check check (window_ms between 3600000 and 31536000000)
) strict;

create table terms_events (
    campaign_id       integer not null,
    terms_version     integer not null,
    name              text    not null,
    is_once_per_click integer not null check (is_once_per_click in (0, 1)),
    constraint terms_events_pkey primary key (campaign_id, terms_version, name),
    foreign key (campaign_id, terms_version) references terms (campaign_id, version)
) strict;

create table terms_rules (
    campaign_id   integer not null,
    terms_version integer not null,
    number        integer not null,
    event         text    not null,
    rate          text    not null,
    bps           integer not null,
    amount_minor  integer not null,
    currency      text    not null,
    constraint terms_rules_pkey primary key (campaign_id, terms_version, number),
    foreign key (campaign_id, terms_version) references terms (campaign_id, version)
) strict;

create table enrollments (
    enrollment_id   integer not null,
    campaign_id     integer not null references campaigns (campaign_id),
    publisher_id    integer not null references parties (party_id),
    state           text    not null,
    state_reason    text    not null,
    terms_version   integer not null,
    accepted_by     integer not null,
    accepted_at_ms  integer not null,
    decided_at_ms   integer,
    default_link_id integer not null,
    created_at_ms   integer not null,
    version         integer not null,
    constraint enrollments_pkey primary key (enrollment_id),
    constraint enrollments_campaign_id_publisher_id_key unique (campaign_id, publisher_id)
) strict;
create index enrollments_publisher_idx on enrollments (publisher_id, enrollment_id);

-- A link's campaign and publisher never change; links are never deleted.
create table links (
    link_id       integer not null,
    slug          text    not null,
    campaign_id   integer not null references campaigns (campaign_id),
    publisher_id  integer not null references parties (party_id),
    is_default    integer not null check (is_default in (0, 1)),
    name          text    not null,
    destination   text    not null,
    sub1          text,
    sub2          text,
    sub3          text,
    sub4          text,
    sub5          text,
    is_active     integer not null check (is_active in (0, 1)),
    created_at_ms integer not null,
    version       integer not null,
    constraint links_pkey primary key (link_id),
    constraint links_slug_key unique (slug)
) strict;
create index links_publisher_idx on links (publisher_id, link_id);
create index links_campaign_idx on links (campaign_id, link_id);

-- The hot table: no secondary index, no foreign key; `verify` checks what a key would.
create table clicks (
    click_id      integer not null,
    campaign_id   integer not null,
    publisher_id  integer not null,
    link_id       integer not null,
    creative_id   integer,
    terms_version integer not null,
    label         text    not null,
    reason        text,
    has_gesture   integer check (has_gesture in (0, 1)),
    sub1          text,
    sub2          text,
    sub3          text,
    sub4          text,
    sub5          text,
    landing_host  text    not null,
    landing_path  text    not null,
    referrer_host text,
    device        text    not null,
    browser       text    not null,
    system        text    not null,
    country       text,
    fetch_dest    text,
    visitor       blob,
    consent       text    not null,
    is_deep_link_rejected integer not null check (is_deep_link_rejected in (0, 1)),
    is_recreated  integer not null check (is_recreated in (0, 1)),
    constraint clicks_pkey primary key (click_id)
) strict;

create table click_labels (
    click_id      integer not null,
    created_at_ms integer not null,
    label         text    not null,
    reason        text,
    rule_version  integer not null,
    constraint click_labels_pkey primary key (click_id, created_at_ms)
) strict;

create table visitor_salts (
    utc_day       integer not null,
    salt          blob    not null,
    created_at_ms integer not null,
    constraint visitor_salts_pkey primary key (utc_day)
) strict;

-- Who was counted as unique today: one row per (UTC day, publisher, campaign, visitor key).
create table visitors (
    utc_day      integer not null,
    publisher_id integer not null,
    campaign_id  integer not null,
    visitor      blob    not null,
    constraint visitors_pkey primary key (utc_day, publisher_id, campaign_id, visitor)
) strict, without rowid;

create table api_keys (
    api_key_id      integer not null,
    campaign_id     integer not null references campaigns (campaign_id),
    name            text    not null,
    secret_hash     blob    not null,
    created_at_ms   integer not null,
    created_by      integer not null,
    last_used_at_ms integer,
    revoked_at_ms   integer,
    constraint api_keys_pkey primary key (api_key_id)
) strict;
create index api_keys_campaign_idx on api_keys (campaign_id);

-- Every request to a reporting end point, with its outcome and without its secrets.
create table attempts (
    attempt_id     integer not null,
    campaign_id    integer,
    endpoint       text    not null,
    method         text    not null,
    query          text    not null,
    body           text    not null,
    outcome        text    not null,
    http_status    integer not null,
    reason         text,
    message        text    not null,
    conversion_id  integer,
    constraint attempts_pkey primary key (attempt_id)
) strict;
create index attempts_campaign_idx on attempts (campaign_id, attempt_id);

-- The current state of an order; its history is in evidence, decisions and conversion_events.
create table conversions (
    conversion_id    integer not null,
    campaign_id      integer not null references campaigns (campaign_id),
    advertiser_id    integer not null references parties (party_id),
    event            text    not null,
    order_id         text    not null,
    state            text    not null,
    reason           text,
    held_reason      text,
    is_test          integer not null check (is_test in (0, 1)),
    badge            text    not null,
    publisher_id     integer,
    link_id          integer,
    creative_id      integer,
    click_id         integer,
    terms_version    integer not null,
    rule_number      integer,
    currency         text    not null,
    amount_minor     integer,
    commission_minor integer not null,
    fee_minor        integer not null,
    converted_at_ms  integer not null,
    approved_at_ms   integer,
    payout_id        integer,
    version          integer not null,
    constraint conversions_pkey primary key (conversion_id),
    constraint conversions_campaign_id_event_order_id_key unique (campaign_id, event, order_id)
) strict;
create index conversions_publisher_idx on conversions (publisher_id, conversion_id);
create index conversions_advertiser_idx on conversions (advertiser_id, conversion_id);
create index conversions_state_idx on conversions (state, conversion_id);

-- Every report of a conversion, as the decision saw it.
create table evidence (
    evidence_id    integer not null,
    conversion_id  integer not null references conversions (conversion_id),
    attempt_id     integer not null,
    badge          text    not null,
    received_at_ms integer not null,
    occurred_at_ms integer,
    currency       text,
    amount_minor   integer,
    is_test        integer not null check (is_test in (0, 1)),
    is_conflict    integer not null check (is_conflict in (0, 1)),
    channel        text,
    coupon         text,
    customer_hash  blob,
    clicks         text    not null,
    content_hash   blob    not null,
    constraint evidence_pkey primary key (evidence_id)
) strict;
create index evidence_conversion_idx on evidence (conversion_id, evidence_id);

-- Every run of the rules over a conversion, with all its inputs, so that anyone can replay it.
create table decisions (
    decision_id      integer not null,
    conversion_id    integer not null references conversions (conversion_id),
    function_version integer not null,
    inputs           text    not null,
    decision         text    not null,
    constraint decisions_pkey primary key (decision_id)
) strict;
create index decisions_conversion_idx on decisions (conversion_id, decision_id);

-- Every step in the life of a conversion; its state is their projection.
create table conversion_events (
    event_id      integer not null,
    conversion_id integer not null references conversions (conversion_id),
    number        integer not null,
    from_state    text,
    to_state      text    not null,
    member_id     integer,
    reason        text    not null,
    note          text,
    amount_before integer,
    amount_after  integer,
    constraint conversion_events_pkey primary key (event_id),
    constraint conversion_events_conversion_id_number_key unique (conversion_id, number)
) strict;

create table accounts (
    account_id integer not null,
    party_id   integer not null references parties (party_id),
    kind       text    not null,
    currency   text    not null,
    constraint accounts_pkey primary key (account_id),
    constraint accounts_party_id_kind_currency_key unique (party_id, kind, currency)
) strict;

create table transfers (
    transfer_id       integer not null,
    fact              text    not null,
    fact_id           integer not null,
    code              text    not null,
    debit_account_id  integer not null references accounts (account_id),
    credit_account_id integer not null references accounts (account_id),
    currency          text    not null,
    amount_minor      integer not null,
    created_at_ms     integer not null,
    constraint transfers_pkey primary key (transfer_id),
    constraint transfers_fact_fact_id_code_key unique (fact, fact_id, code),
    constraint transfers_amount_check check (amount_minor > 0),
    constraint transfers_accounts_check check (debit_account_id <> credit_account_id)
) strict;
create index transfers_debit_idx on transfers (debit_account_id, transfer_id);
create index transfers_credit_idx on transfers (credit_account_id, transfer_id);

create table deposits (
    deposit_id    integer not null,
    advertiser_id integer not null references parties (party_id),
    currency      text    not null,
    amount_minor  integer not null,
    reference     text    not null,
    created_by    integer not null,
    constraint deposits_pkey primary key (deposit_id),
    constraint deposits_advertiser_id_reference_key unique (advertiser_id, reference),
    constraint deposits_amount_check check (amount_minor > 0)
) strict;

-- Which deposit money covers which approved commission with its fee; whole commissions only.
create table allocations (
    conversion_id integer not null references conversions (conversion_id),
    amount_minor  integer not null,
    created_at_ms integer not null,
    constraint allocations_pkey primary key (conversion_id)
) strict;

create table payout_runs (
    payout_run_id integer not null,
    state         text    not null,
    currency      text    not null,
    created_by    integer not null,
    decided_by    integer,
    version       integer not null,
    constraint payout_runs_pkey primary key (payout_run_id)
) strict;

create table payouts (
    payout_id     integer not null,
    payout_run_id integer not null references payout_runs (payout_run_id),
    publisher_id  integer not null references parties (party_id),
    currency      text    not null,
    amount_minor  integer not null,
    state         text    not null,
    reason        text    not null,
    reference     text    not null,
    approved_by   integer,
    decided_at_ms integer,
    paid_at_ms    integer,
    version       integer not null,
    constraint payouts_pkey primary key (payout_id)
) strict;
create index payouts_run_idx on payouts (payout_run_id, payout_id);
create index payouts_publisher_idx on payouts (publisher_id, payout_id);

-- What a payout pays, or, carried, would have paid.
create table payout_items (
    payout_id     integer not null references payouts (payout_id),
    conversion_id integer not null references conversions (conversion_id),
    amount_minor  integer not null,
    constraint payout_items_pkey primary key (payout_id, conversion_id)
) strict;
create index payout_items_conversion_idx on payout_items (conversion_id);

-- Report totals per reader (a party), in quarters of an hour UTC and in days of the reader's zone.
create table click_rollups (
    reader_id    integer not null,
    grain        text    not null,
    bucket       integer not null,
    campaign_id  integer not null,
    publisher_id integer not null,
    link_id      integer not null,
    creative_id  integer not null,
    label        text    not null,
    reason       text    not null,
    clicks       integer not null,
    constraint click_rollups_pkey primary key
        (reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id, label, reason)
) strict, without rowid;

create table conversion_rollups (
    reader_id        integer not null,
    grain            text    not null,
    basis            text    not null,
    bucket           integer not null,
    campaign_id      integer not null,
    publisher_id     integer not null,
    link_id          integer not null,
    creative_id      integer not null,
    event            text    not null,
    state            text    not null,
    currency         text    not null,
    conversions      integer not null,
    amount_minor     integer not null,
    commission_minor integer not null,
    fee_minor        integer not null,
    constraint conversion_rollups_pkey primary key
        (reader_id, grain, basis, bucket, campaign_id, publisher_id, link_id, creative_id, event, state, currency)
) strict, without rowid;

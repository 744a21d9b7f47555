-- Ids come from the generator of domain::ids; times are UTC milliseconds; money is minor units.
-- Unique constraints carry PostgreSQL's default names, so that code can match them on both databases.

create table node_leases (
    node_id       bigint not null,
    holder        bytea    not null,
    expires_at_ms bigint not null,
    constraint node_leases_pkey primary key (node_id)
);

create table members (
    member_id     bigint not null,
    email         text    not null,
    name          text    not null,
    password_hash text    not null,
    state         text    not null,
    created_at_ms bigint not null,
    constraint members_pkey primary key (member_id),
    constraint members_email_key unique (email)
);

create table parties (
    party_id      bigint not null,
    kind          text    not null,
    name          text    not null,
    website       text    not null,
    state         text    not null,
    state_reason  text    not null,
    time_zone     text    not null,
    locale        text    not null,
    created_at_ms bigint not null,
    version       bigint not null,
    constraint parties_pkey primary key (party_id)
);
insert into parties values (1, 'network', 'Network', '', 'admitted', '', 'UTC', 'en', 1577836800000, 1);

create table memberships (
    membership_id bigint not null,
    member_id     bigint not null references members (member_id),
    party_id      bigint not null references parties (party_id),
    role          text    not null,
    created_at_ms bigint not null,
    constraint memberships_pkey primary key (membership_id),
    constraint memberships_member_id_party_id_key unique (member_id, party_id)
);
create index memberships_party_idx on memberships (party_id);

create table sessions (
    session_hash  bytea    not null,
    member_id     bigint,
    content       text    not null,
    created_at_ms bigint not null,
    touched_at_ms bigint not null,
    expires_at_ms bigint not null,
    constraint sessions_pkey primary key (session_hash)
);
create index sessions_member_idx on sessions (member_id);
create index sessions_expiry_idx on sessions (expires_at_ms);

create table campaigns (
    campaign_id       bigint not null,
    advertiser_id     bigint not null references parties (party_id),
    name              text    not null,
    description       text    not null,
    category          text    not null,
    state             text    not null,
    state_reason      text    not null,
    landing_url       text    not null,
    allowed_hosts     text    not null,
    landing_parameter text    not null,
    approval          text    not null,
    terms_version     bigint not null,
    secret_version    bigint not null,
    created_at_ms     bigint not null,
    version           bigint not null,
    constraint campaigns_pkey primary key (campaign_id)
);
create index campaigns_advertiser_idx on campaigns (advertiser_id, campaign_id);
create index campaigns_state_idx on campaigns (state, campaign_id);

-- Immutable versions: a click keeps the number of the one that prices it.
create table terms (
    campaign_id     bigint not null references campaigns (campaign_id),
    version         bigint not null,
    starts_at_ms    bigint not null,
    currencies      text    not null,
    window_ms       bigint not null,
    model           text    not null,
    validation_days bigint not null,
    hold_days       bigint not null,
    fee_basis       text    not null,
    fee_bps         bigint not null,
    too_fast_ms     bigint not null,
    content         text    not null,
    created_at_ms   bigint not null,
    created_by      bigint not null,
    constraint terms_pkey primary key (campaign_id, version),
    constraint terms_window_check check (window_ms between 3600000 and 31536000000)
);

create table terms_events (
    campaign_id       bigint not null,
    terms_version     bigint not null,
    name              text    not null,
    is_once_per_click boolean not null,
    constraint terms_events_pkey primary key (campaign_id, terms_version, name),
    foreign key (campaign_id, terms_version) references terms (campaign_id, version)
);

create table terms_rules (
    campaign_id   bigint not null,
    terms_version bigint not null,
    number        bigint not null,
    event         text    not null,
    rate          text    not null,
    bps           bigint not null,
    amount_minor  bigint not null,
    currency      text    not null,
    constraint terms_rules_pkey primary key (campaign_id, terms_version, number),
    foreign key (campaign_id, terms_version) references terms (campaign_id, version)
);

create table enrollments (
    enrollment_id   bigint not null,
    campaign_id     bigint not null references campaigns (campaign_id),
    publisher_id    bigint not null references parties (party_id),
    state           text    not null,
    state_reason    text    not null,
    terms_version   bigint not null,
    accepted_by     bigint not null,
    accepted_at_ms  bigint not null,
    decided_at_ms   bigint,
    default_link_id bigint not null,
    created_at_ms   bigint not null,
    version         bigint not null,
    constraint enrollments_pkey primary key (enrollment_id),
    constraint enrollments_campaign_id_publisher_id_key unique (campaign_id, publisher_id)
);
create index enrollments_publisher_idx on enrollments (publisher_id, enrollment_id);

-- A link's campaign and publisher never change; links are never deleted.
create table links (
    link_id       bigint not null,
    slug          text collate "C" not null,
    campaign_id   bigint not null references campaigns (campaign_id),
    publisher_id  bigint not null references parties (party_id),
    is_default    boolean not null,
    name          text    not null,
    destination   text    not null,
    sub1          text,
    sub2          text,
    sub3          text,
    sub4          text,
    sub5          text,
    is_active     boolean not null,
    created_at_ms bigint not null,
    version       bigint not null,
    constraint links_pkey primary key (link_id),
    constraint links_slug_key unique (slug)
);
create index links_publisher_idx on links (publisher_id, link_id);
create index links_campaign_idx on links (campaign_id, link_id);

-- The hot table: no secondary index, no foreign key; `verify` checks what a key would.
create table clicks (
    click_id      bigint not null,
    campaign_id   bigint not null,
    publisher_id  bigint not null,
    link_id       bigint not null,
    creative_id   bigint,
    terms_version bigint not null,
    label         text    not null,
    reason        text,
    has_gesture   boolean,
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
    visitor       bytea,
    consent       text    not null,
    is_deep_link_rejected boolean not null,
    is_recreated  boolean not null,
    constraint clicks_pkey primary key (click_id)
) partition by range (click_id);
-- Ids are time-ordered, so a month is a range of ids; until months are made, every click lies here.
create table clicks_default partition of clicks default;

create table click_labels (
    click_id      bigint not null,
    created_at_ms bigint not null,
    label         text    not null,
    reason        text,
    rule_version  bigint not null,
    constraint click_labels_pkey primary key (click_id, created_at_ms)
);

create table visitor_salts (
    utc_day       bigint not null,
    salt          bytea    not null,
    created_at_ms bigint not null,
    constraint visitor_salts_pkey primary key (utc_day)
);

-- Who was counted as unique today: one row per (UTC day, publisher, campaign, visitor key).
create table visitors (
    utc_day      bigint not null,
    publisher_id bigint not null,
    campaign_id  bigint not null,
    visitor      bytea    not null,
    constraint visitors_pkey primary key (utc_day, publisher_id, campaign_id, visitor)
);

create table api_keys (
    api_key_id      bigint not null,
    campaign_id     bigint not null references campaigns (campaign_id),
    name            text    not null,
    secret_hash     bytea    not null,
    created_at_ms   bigint not null,
    created_by      bigint not null,
    last_used_at_ms bigint,
    revoked_at_ms   bigint,
    constraint api_keys_pkey primary key (api_key_id)
);
create index api_keys_campaign_idx on api_keys (campaign_id);

-- Every request to a reporting end point, with its outcome and without its secrets.
create table attempts (
    attempt_id     bigint not null,
    campaign_id    bigint,
    endpoint       text    not null,
    method         text    not null,
    query          text    not null,
    body           text    not null,
    outcome        text    not null,
    http_status    bigint not null,
    reason         text,
    message        text    not null,
    conversion_id  bigint,
    constraint attempts_pkey primary key (attempt_id)
);
create index attempts_campaign_idx on attempts (campaign_id, attempt_id);

-- The current state of an order; its history is in evidence, decisions and conversion_events.
create table conversions (
    conversion_id    bigint not null,
    campaign_id      bigint not null references campaigns (campaign_id),
    advertiser_id    bigint not null references parties (party_id),
    event            text    not null,
    order_id         text collate "C" not null,
    state            text    not null,
    reason           text,
    held_reason      text,
    is_test          boolean not null,
    badge            text    not null,
    publisher_id     bigint,
    link_id          bigint,
    creative_id      bigint,
    click_id         bigint,
    terms_version    bigint not null,
    rule_number      bigint,
    currency         text    not null,
    amount_minor     bigint,
    commission_minor bigint not null,
    fee_minor        bigint not null,
    converted_at_ms  bigint not null,
    approved_at_ms   bigint,
    payout_id        bigint,
    version          bigint not null,
    constraint conversions_pkey primary key (conversion_id),
    constraint conversions_campaign_id_event_order_id_key unique (campaign_id, event, order_id)
);
create index conversions_publisher_idx on conversions (publisher_id, conversion_id);
create index conversions_advertiser_idx on conversions (advertiser_id, conversion_id);
create index conversions_state_idx on conversions (state, conversion_id);

-- Every report of a conversion, as the decision saw it.
create table evidence (
    evidence_id    bigint not null,
    conversion_id  bigint not null references conversions (conversion_id),
    attempt_id     bigint not null,
    badge          text    not null,
    received_at_ms bigint not null,
    occurred_at_ms bigint,
    currency       text,
    amount_minor   bigint,
    is_test        boolean not null,
    is_conflict    boolean not null,
    channel        text,
    coupon         text,
    customer_hash  bytea,
    clicks         text    not null,
    content_hash   bytea    not null,
    constraint evidence_pkey primary key (evidence_id)
);
create index evidence_conversion_idx on evidence (conversion_id, evidence_id);

-- Every run of the rules over a conversion, with all its inputs, so that anyone can replay it.
create table decisions (
    decision_id      bigint not null,
    conversion_id    bigint not null references conversions (conversion_id),
    function_version bigint not null,
    inputs           text    not null,
    decision         text    not null,
    constraint decisions_pkey primary key (decision_id)
);
create index decisions_conversion_idx on decisions (conversion_id, decision_id);

-- Every step in the life of a conversion; its state is their projection.
create table conversion_events (
    event_id      bigint not null,
    conversion_id bigint not null references conversions (conversion_id),
    number        bigint not null,
    from_state    text,
    to_state      text    not null,
    member_id     bigint,
    reason        text    not null,
    note          text,
    amount_before bigint,
    amount_after  bigint,
    constraint conversion_events_pkey primary key (event_id),
    constraint conversion_events_conversion_id_number_key unique (conversion_id, number)
);

create table accounts (
    account_id bigint not null,
    party_id   bigint not null references parties (party_id),
    kind       text    not null,
    currency   text    not null,
    constraint accounts_pkey primary key (account_id),
    constraint accounts_party_id_kind_currency_key unique (party_id, kind, currency)
);

create table transfers (
    transfer_id       bigint not null,
    fact              text    not null,
    fact_id           bigint not null,
    code              text    not null,
    debit_account_id  bigint not null references accounts (account_id),
    credit_account_id bigint not null references accounts (account_id),
    currency          text    not null,
    amount_minor      bigint not null,
    created_at_ms     bigint not null,
    constraint transfers_pkey primary key (transfer_id),
    constraint transfers_fact_fact_id_code_key unique (fact, fact_id, code),
    constraint transfers_amount_check check (amount_minor > 0),
    constraint transfers_accounts_check check (debit_account_id <> credit_account_id)
);
create index transfers_debit_idx on transfers (debit_account_id, transfer_id);
create index transfers_credit_idx on transfers (credit_account_id, transfer_id);

create table deposits (
    deposit_id    bigint not null,
    advertiser_id bigint not null references parties (party_id),
    currency      text    not null,
    amount_minor  bigint not null,
    reference     text    not null,
    created_by    bigint not null,
    constraint deposits_pkey primary key (deposit_id),
    constraint deposits_advertiser_id_reference_key unique (advertiser_id, reference),
    constraint deposits_amount_check check (amount_minor > 0)
);

-- Which deposit money covers which approved commission with its fee; whole commissions only.
create table allocations (
    conversion_id bigint not null references conversions (conversion_id),
    amount_minor  bigint not null,
    created_at_ms bigint not null,
    constraint allocations_pkey primary key (conversion_id)
);

create table payout_runs (
    payout_run_id bigint not null,
    state         text    not null,
    currency      text    not null,
    created_by    bigint not null,
    decided_by    bigint,
    version       bigint not null,
    constraint payout_runs_pkey primary key (payout_run_id)
);

create table payouts (
    payout_id     bigint not null,
    payout_run_id bigint not null references payout_runs (payout_run_id),
    publisher_id  bigint not null references parties (party_id),
    currency      text    not null,
    amount_minor  bigint not null,
    state         text    not null,
    reason        text    not null,
    reference     text    not null,
    approved_by   bigint,
    decided_at_ms bigint,
    paid_at_ms    bigint,
    version       bigint not null,
    constraint payouts_pkey primary key (payout_id)
);
create index payouts_run_idx on payouts (payout_run_id, payout_id);
create index payouts_publisher_idx on payouts (publisher_id, payout_id);

-- What a payout pays, or, carried, would have paid.
create table payout_items (
    payout_id     bigint not null references payouts (payout_id),
    conversion_id bigint not null references conversions (conversion_id),
    amount_minor  bigint not null,
    constraint payout_items_pkey primary key (payout_id, conversion_id)
);
create index payout_items_conversion_idx on payout_items (conversion_id);

-- Report totals per reader (a party), in quarters of an hour UTC and in days of the reader's zone.
create table click_rollups (
    reader_id    bigint not null,
    grain        text    not null,
    bucket       bigint not null,
    campaign_id  bigint not null,
    publisher_id bigint not null,
    link_id      bigint not null,
    creative_id  bigint not null,
    label        text    not null,
    reason       text    not null,
    clicks       bigint not null,
    constraint click_rollups_pkey primary key
        (reader_id, grain, bucket, campaign_id, publisher_id, link_id, creative_id, label, reason)
);

create table conversion_rollups (
    reader_id        bigint not null,
    grain            text    not null,
    basis            text    not null,
    bucket           bigint not null,
    campaign_id      bigint not null,
    publisher_id     bigint not null,
    link_id          bigint not null,
    creative_id      bigint not null,
    event            text    not null,
    state            text    not null,
    currency         text    not null,
    conversions      bigint not null,
    amount_minor     bigint not null,
    commission_minor bigint not null,
    fee_minor        bigint not null,
    constraint conversion_rollups_pkey primary key
        (reader_id, grain, basis, bucket, campaign_id, publisher_id, link_id, creative_id, event, state, currency)
);

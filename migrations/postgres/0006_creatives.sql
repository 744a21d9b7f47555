-- A link may have a last day, lead elsewhere while it takes no clicks, and bear tags.

alter table links add column expires_at_ms bigint;
alter table links add column fallback text not null default '';

create table link_tags (
    link_id bigint not null references links (link_id),
    tag     text collate "C" not null,
    constraint link_tags_pkey primary key (link_id, tag)
);

-- What an advertiser gives its publishers to place: text links and banners. A banner's image never changes.
create table creatives (
    creative_id   bigint  not null,
    campaign_id   bigint  not null references campaigns (campaign_id),
    kind          text    not null,
    name          text    not null,
    content       text    not null,
    destination   text    not null,
    image_format  text,
    image_digest  text    not null,
    image_bytes   bigint  not null,
    width         bigint  not null,
    height        bigint  not null,
    is_active     boolean not null,
    created_at_ms bigint  not null,
    version       bigint  not null,
    constraint creatives_pkey primary key (creative_id)
);
create index creatives_campaign_idx on creatives (campaign_id, creative_id);

-- By themselves, so that no list reads them.
create table creative_images (
    creative_id bigint not null references creatives (creative_id),
    content     bytea  not null,
    constraint creative_images_pkey primary key (creative_id),
    constraint creative_images_content_check check (length(content) between 1 and 524288)
);

create trigger creative_images_append_only before update or delete or truncate on creative_images
    for each statement execute function append_only();

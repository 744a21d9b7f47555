-- A link may have a last day, lead elsewhere while it takes no clicks, and bear tags.

alter table links add column expires_at_ms integer;
alter table links add column fallback text not null default '';

create table link_tags (
    link_id integer not null references links (link_id),
    tag     text    not null,
    constraint link_tags_pkey primary key (link_id, tag)
) strict;

-- What an advertiser gives its publishers to place: text links and banners. A banner's image never changes.
create table creatives (
    creative_id   integer not null,
    campaign_id   integer not null references campaigns (campaign_id),
    kind          text    not null,
    name          text    not null,
    content       text    not null,
    destination   text    not null,
    image_format  text,
    image_digest  text    not null,
    image_bytes   integer not null,
    width         integer not null,
    height        integer not null,
    is_active     integer not null check (is_active in (0, 1)),
    created_at_ms integer not null,
    version       integer not null,
    constraint creatives_pkey primary key (creative_id)
) strict;
create index creatives_campaign_idx on creatives (campaign_id, creative_id);

-- By themselves, so that no list reads them.
create table creative_images (
    creative_id integer not null references creatives (creative_id),
    content     blob    not null,
    constraint creative_images_pkey primary key (creative_id),
    constraint creative_images_content_check check (length(content) between 1 and 524288)
) strict;

create trigger creative_images_no_update before update on creative_images
begin select raise(abort, 'creative_images_append_only'); end;
create trigger creative_images_no_delete before delete on creative_images
begin select raise(abort, 'creative_images_append_only'); end;

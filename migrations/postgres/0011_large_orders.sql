-- The few orders that are so large that their sum has a limit.
create index conversions_large_idx on conversions (campaign_id, amount_minor) where amount_minor >= 1000000000000;

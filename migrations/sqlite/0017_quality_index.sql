-- What the rules held, and how soon after their clicks conversions came, is counted from a moment on.
create index conversions_campaign_time_idx on conversions (campaign_id, converted_at_ms);
create index conversions_time_idx on conversions (converted_at_ms);

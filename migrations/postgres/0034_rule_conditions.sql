-- What an order must be for a rule to price it, beside its lines; amounts in minor units of the rule's currency.
alter table terms_rules add column amount_from bigint;
alter table terms_rules add column amount_below bigint;
alter table terms_rules add column customer text not null default '';
alter table terms_rules add column coupon text not null default '';

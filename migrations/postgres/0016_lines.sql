-- A rule may be for some lines of an order only: those of a category, or with an SKU. Both empty: for all.
alter table terms_rules add column line_field text not null default '';
alter table terms_rules add column line_text text not null default '';

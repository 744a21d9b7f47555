-- One open proposal per currency: two of them would list the same conversions.

create unique index payout_runs_currency_key on payout_runs (currency) where state = 'draft';

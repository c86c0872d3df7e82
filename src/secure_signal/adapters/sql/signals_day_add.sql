SELECT add_signals_day(date '1970-01-01' + %(day)s::integer);

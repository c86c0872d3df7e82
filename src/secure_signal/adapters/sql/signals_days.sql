-- Days (UTC) that have a partition, counted from 1970-01-01.
SELECT to_date(right(relname, 8), 'YYYYMMDD') - date '1970-01-01'
FROM pg_partition_tree('signals') JOIN pg_class ON pg_class.oid = relid
WHERE relname ~ '^signals_[0-9]{8}$';

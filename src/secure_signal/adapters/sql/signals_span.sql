-- The first and the last time of the signals of an interval; NULL where it has none.
SELECT min(timestamp), max(timestamp)
FROM signals
WHERE timestamp >= %(since)s AND timestamp < %(until)s;

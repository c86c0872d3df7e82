-- Signals by time bucket and type; the types beyond the most frequent ones count under NULL.
WITH counted AS (
    SELECT date_bin(%(bucket)s, timestamp, '1970-01-01Z') AS start, type, count(*) AS signals
    FROM signals
    WHERE timestamp >= %(since)s AND timestamp < %(until)s
    GROUP BY start, type
), frequent AS (
    SELECT type FROM counted GROUP BY type ORDER BY sum(signals) DESC, type LIMIT %(types)s
)
SELECT start, frequent.type, sum(signals)::bigint
FROM counted LEFT JOIN frequent USING (type)
GROUP BY start, frequent.type;

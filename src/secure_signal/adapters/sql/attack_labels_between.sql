-- Attacks that began in an interval, and which of their signals are not stored.
SELECT id::text, kind, start_time, end_time, user_ids, ip, signal_ids,
    ARRAY(
        SELECT sent.id FROM unnest(signal_ids) AS sent (id)
        WHERE NOT EXISTS (
            SELECT FROM signals
            WHERE signals.id = sent.id AND signals.timestamp BETWEEN start_time AND end_time
        )
    ) AS missing
FROM attack_labels
WHERE start_time BETWEEN %(since)s AND %(until)s
ORDER BY start_time

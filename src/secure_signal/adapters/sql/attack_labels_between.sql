-- Attacks that began in an interval, and whether all of their signals are stored.
SELECT id::text, kind, start_time, end_time, user_ids, ip, signal_ids,
    NOT EXISTS (
        SELECT FROM unnest(signal_ids) AS sent (id)
        WHERE NOT EXISTS (
            SELECT FROM signals
            WHERE signals.id = sent.id AND signals.timestamp BETWEEN start_time AND end_time
        )
    ) AS complete
FROM attack_labels
WHERE start_time BETWEEN %(since)s AND %(until)s
ORDER BY start_time

-- The signals of these ids, the oldest first. An id alone is not unique: a sender can use it again with
-- another timestamp. Then the nearest to the anomaly counts.
SELECT id, user_id, type, timestamp, payload::text, received_at
FROM (
    SELECT DISTINCT ON (id) *
    FROM signals
    WHERE id = ANY(%(ids)s)
    ORDER BY id, greatest(timestamp - %(event_time)s::timestamptz, %(event_time)s::timestamptz - timestamp)
) AS nearest
ORDER BY timestamp, id;

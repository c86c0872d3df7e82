-- The signals of an id, the newest first: a sender can use one again with another timestamp.
SELECT id, user_id, type, timestamp, payload::text, received_at
FROM signals
WHERE id = %(id)s
ORDER BY timestamp DESC;

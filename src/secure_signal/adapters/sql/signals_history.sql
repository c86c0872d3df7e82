-- The signals of an interval in event-time order, of one user or of all (NULL); times in microseconds since
-- 1970. Equal times come by their ids: in which order they arrived is not stored.
SELECT id, user_id, type, (extract(epoch FROM timestamp) * 1000000)::bigint, payload::text
FROM signals
WHERE timestamp >= %(since)s AND timestamp < %(until)s
  AND (%(user_id)s::text IS NULL OR user_id = %(user_id)s)
ORDER BY timestamp, id;

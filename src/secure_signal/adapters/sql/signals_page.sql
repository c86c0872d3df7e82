-- One page of signals, the newest first, after the key (before, before_id). A condition that is NULL
-- does not count. The row comparison alone would not prune partitions.
SELECT id, user_id, type, timestamp, payload::text, received_at
FROM signals
WHERE (%(user_id)s::text IS NULL OR user_id = %(user_id)s)
  AND (%(type)s::text IS NULL OR type = %(type)s)
  AND (%(contains)s::jsonb IS NULL OR payload @> %(contains)s::jsonb)
  AND timestamp >= coalesce(%(since)s::timestamptz, '-infinity')
  AND timestamp < coalesce(%(until)s::timestamptz, 'infinity')
  AND timestamp <= coalesce(%(before)s::timestamptz, 'infinity')
  AND (timestamp, id) < (coalesce(%(before)s::timestamptz, 'infinity'), coalesce(%(before_id)s::text, ''))
ORDER BY timestamp DESC, id DESC
LIMIT %(limit)s;

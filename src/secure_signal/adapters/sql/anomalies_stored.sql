-- Anomalies in the order they were stored, after the key (after, after_id), without those known already.
SELECT stored_at, id::text, rule_id, rule_title, anomaly_type, severity, user_id, "group", event_time,
       detection_timestamp, evidence, summary, ruleset
FROM anomalies
WHERE (stored_at, id) > (%(after)s::timestamptz, %(after_id)s::uuid)
  AND id <> ALL(%(known)s::uuid[])
ORDER BY stored_at, id
LIMIT %(limit)s;

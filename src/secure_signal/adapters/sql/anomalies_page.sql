-- One page of anomalies, the last detected first, after the key (before, before_id). A condition that
-- is NULL does not count.
SELECT id::text, rule_id, rule_title, anomaly_type, severity, user_id, "group", event_time,
       detection_timestamp, evidence, summary, ruleset
FROM anomalies
WHERE (%(user_id)s::text IS NULL OR user_id = %(user_id)s)
  AND (%(anomaly_type)s::text IS NULL OR anomaly_type = %(anomaly_type)s)
  AND (%(rule_id)s::text IS NULL OR rule_id = %(rule_id)s)
  AND severity = ANY(%(severities)s)
  AND detection_timestamp >= coalesce(%(since)s::timestamptz, '-infinity')
  AND detection_timestamp < coalesce(%(until)s::timestamptz, 'infinity')
  AND (detection_timestamp, id) < (
      coalesce(%(before)s::timestamptz, 'infinity'),
      coalesce(%(before_id)s::uuid, '00000000-0000-0000-0000-000000000000')
  )
ORDER BY detection_timestamp DESC, id DESC
LIMIT %(limit)s;

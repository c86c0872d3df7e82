SELECT id::text, rule_id, rule_title, anomaly_type, severity, user_id, "group", event_time,
       detection_timestamp, evidence, summary, ruleset
FROM anomalies
WHERE id = %(id)s;

-- What a rule told of at a signal: the anomalies that this one completed.
SELECT id::text, rule_id, rule_title, anomaly_type, severity, user_id, "group", event_time,
       detection_timestamp, evidence, summary, ruleset
FROM anomalies
WHERE user_id = %(user_id)s AND event_time = %(event_time)s
  AND rule_id = %(rule_id)s AND evidence ->> -1 = %(signal_id)s
ORDER BY id;

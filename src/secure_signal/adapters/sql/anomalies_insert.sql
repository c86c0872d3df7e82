INSERT INTO anomalies (
    id, user_id, anomaly_type, severity, detection_timestamp, event_time,
    rule_id, rule_title, "group", evidence, summary, ruleset
) VALUES (
    %(id)s, %(user_id)s, %(anomaly_type)s, %(severity)s, %(detection_timestamp)s, %(event_time)s,
    %(rule_id)s, %(rule_title)s, %(group)s, %(evidence)s, %(summary)s, %(ruleset)s
) ON CONFLICT (id) DO NOTHING;

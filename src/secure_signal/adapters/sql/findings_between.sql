-- What was found at signals of an interval, as far as the score needs to know.
SELECT anomaly_type, event_time, detection_timestamp, evidence
FROM anomalies
WHERE event_time BETWEEN %(since)s AND %(until)s

-- Anomalies by time bucket and severity.
SELECT date_bin(%(bucket)s, detection_timestamp, '1970-01-01Z') AS start, severity, count(*)
FROM anomalies
WHERE detection_timestamp >= %(since)s AND detection_timestamp < %(until)s
GROUP BY start, severity;

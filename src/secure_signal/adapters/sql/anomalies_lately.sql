-- Anomalies detected in the last 24 hours, by severity.
SELECT severity, count(*)
FROM anomalies
WHERE detection_timestamp > now() - interval '24 hours'
GROUP BY severity;

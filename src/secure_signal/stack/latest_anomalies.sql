-- The anomalies detected last.
SELECT detection_timestamp, severity, user_id, summary
FROM anomalies
ORDER BY detection_timestamp DESC, id DESC
LIMIT 8;

WITH moved AS (DELETE FROM staged_signals RETURNING *)
INSERT INTO signals (id, user_id, type, timestamp, payload)
SELECT id, user_id, type, timestamp, payload FROM moved
ON CONFLICT DO NOTHING;

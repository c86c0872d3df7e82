-- Opens a session for the key of this digest, and forgets the sessions that are over.
WITH over AS (
    DELETE FROM sessions WHERE expires_at < now()
)
INSERT INTO sessions (digest, api_key, expires_at)
SELECT %(digest)s, id, now() + %(lifetime)s
FROM api_keys
WHERE digest = %(key_digest)s AND revoked_at IS NULL AND scopes && ARRAY['read', 'admin'];

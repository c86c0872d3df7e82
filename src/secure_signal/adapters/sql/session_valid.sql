SELECT 1
FROM sessions JOIN api_keys ON api_keys.id = sessions.api_key
WHERE sessions.digest = %(digest)s AND expires_at > now() AND revoked_at IS NULL;

-- Revoking again leaves the first time standing.
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE id = %(id)s;

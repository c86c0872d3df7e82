SELECT digest, scopes FROM api_keys WHERE revoked_at IS NULL;

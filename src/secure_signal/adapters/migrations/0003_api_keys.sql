-- An API key by its SHA-256: the key itself is shown once and kept nowhere.
CREATE TABLE api_keys (
    id text PRIMARY KEY,
    digest bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    name text NOT NULL CHECK (name <> ''),
    scopes text[] NOT NULL CHECK (
        cardinality(scopes) > 0 AND scopes <@ ARRAY['write', 'read', 'admin']
    ),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

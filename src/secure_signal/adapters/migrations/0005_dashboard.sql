-- What was stored lately, in that order: the live feed's question.
CREATE INDEX anomalies_stored_at ON anomalies (stored_at, id);

-- A person's session in the browser, by the SHA-256 of its token. It can do no more than the key it was
-- opened with, and ends with it.
CREATE TABLE sessions (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32),
    api_key text NOT NULL REFERENCES api_keys ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);

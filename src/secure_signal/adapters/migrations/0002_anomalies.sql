CREATE TABLE anomalies (
    id uuid PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    anomaly_type text COLLATE "C" NOT NULL,
    severity text COLLATE "C" NOT NULL,
    detection_timestamp timestamptz NOT NULL,
    event_time timestamptz NOT NULL,
    rule_id text COLLATE "C" NOT NULL,
    rule_title text NOT NULL,
    "group" jsonb NOT NULL,
    evidence jsonb NOT NULL,
    summary text NOT NULL,
    ruleset text COLLATE "C" NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX anomalies_detection_timestamp ON anomalies (detection_timestamp, id);
CREATE INDEX anomalies_user_id_event_time ON anomalies (user_id, event_time DESC);

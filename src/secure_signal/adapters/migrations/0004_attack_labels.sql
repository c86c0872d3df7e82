-- The attacks in made traffic, for `secure-signal score`: what should be found.
CREATE TABLE attack_labels (
    id uuid PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    start_time timestamptz NOT NULL,
    end_time timestamptz NOT NULL,
    user_ids text[] NOT NULL,
    ip text,
    signal_ids text[] NOT NULL
);

CREATE INDEX attack_labels_start_time ON attack_labels (start_time);

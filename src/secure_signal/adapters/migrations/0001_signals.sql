-- Names compare by bytes (COLLATE "C"): quicker, and the same order on every platform.
CREATE TABLE signals (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    timestamp timestamptz NOT NULL,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (id, timestamp)
) PARTITION BY RANGE (timestamp);

-- One user's last signals.
CREATE INDEX signals_user_id_timestamp ON signals (user_id, timestamp DESC);
-- Time ranges and pages by (timestamp, id): an incremental sort orders equal instants.
CREATE INDEX signals_timestamp ON signals (timestamp);

-- Whatever lies outside the days that have a partition of their own.
CREATE TABLE signals_default PARTITION OF signals DEFAULT;

-- Gives one day (UTC) its partition, with the day's rows out of the default partition.
-- Writers into the default partition wait meanwhile; one that had already chosen it for a row of this
-- day gets a check_violation without a constraint's name, and finds the new partition when it retries.
CREATE FUNCTION add_signals_day(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    partition text := 'signals_' || to_char(day, 'YYYYMMDD');
    first timestamptz := day::timestamp AT TIME ZONE 'UTC';
    next timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('add_signals_day'));
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN;
    END IF;
    LOCK TABLE signals_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE signals INCLUDING DEFAULTS)', partition);
    EXECUTE format(
        'WITH moved AS (
            DELETE FROM signals_default WHERE timestamp >= $1 AND timestamp < $2 RETURNING *
        ) INSERT INTO %I SELECT * FROM moved', partition)
        USING first, next;
    EXECUTE format('ALTER TABLE signals ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, first, next);
END
$$;

-- How far the processor has stored each partition of Kafka. topic_id is Kafka's: a topic made anew
-- starts at its own offset 0. epoch rises with every owner: the one before can advance no more.
CREATE TABLE consumer_offsets (
    topic text NOT NULL,
    topic_id text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    epoch bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic, topic_id, partition)
) WITH (fillfactor = 50);

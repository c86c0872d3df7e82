-- A transaction of the processor must not outlive its process: nobody else could store the same ids.
SET lock_timeout = '10s';
SET idle_in_transaction_session_timeout = '60s';
SET tcp_keepalives_idle = 5;
SET tcp_keepalives_interval = 5;
SET tcp_keepalives_count = 3;

-- Where a batch goes that may hold signals stored already.
CREATE TEMPORARY TABLE staged_signals (
    id text NOT NULL,
    user_id text NOT NULL,
    type text NOT NULL,
    timestamp timestamptz NOT NULL,
    payload jsonb NOT NULL
) ON COMMIT DELETE ROWS;

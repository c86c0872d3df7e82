COPY signals (id, user_id, type, timestamp, payload) FROM STDIN (FORMAT binary)

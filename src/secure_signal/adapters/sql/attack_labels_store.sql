INSERT INTO attack_labels (id, kind, start_time, end_time, user_ids, ip, signal_ids)
VALUES (%(id)s, %(kind)s, %(start_time)s, %(end_time)s, %(user_ids)s, %(ip)s, %(signal_ids)s)
ON CONFLICT (id) DO UPDATE SET start_time = EXCLUDED.start_time, end_time = EXCLUDED.end_time

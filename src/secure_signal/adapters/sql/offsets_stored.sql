-- How far each partition of a topic is stored.
SELECT partition, next_offset FROM consumer_offsets WHERE topic = %(topic)s AND topic_id = %(topic_id)s;

-- Waits for a transaction of the owner before, then takes over from where that one ended.
INSERT INTO consumer_offsets (topic, topic_id, partition, next_offset, epoch)
VALUES (%(topic)s, %(topic_id)s, %(partition)s, 0, 1)
ON CONFLICT (topic, topic_id, partition)
DO UPDATE SET epoch = consumer_offsets.epoch + 1
RETURNING next_offset, epoch;

UPDATE consumer_offsets AS mine
SET next_offset = moved.next_offset, updated_at = now()
FROM unnest(
    %(topics)s::text[], %(topic_ids)s::text[], %(partitions)s::integer[],
    %(epochs)s::bigint[], %(stored)s::bigint[], %(next)s::bigint[]
) AS moved (topic, topic_id, partition, epoch, stored, next_offset)
WHERE (mine.topic, mine.topic_id, mine.partition) = (moved.topic, moved.topic_id, moved.partition)
  AND (mine.epoch, mine.next_offset) = (moved.epoch, moved.stored);

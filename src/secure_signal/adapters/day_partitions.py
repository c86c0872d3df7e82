"""The table signals has a partition for each day around now; all other days share the default one."""

from collections.abc import Iterable

import psycopg

from secure_signal.adapters.statements import statement

DAY = 86_400_000_000
"""In microseconds."""

# Whatever timestamps are sent, there are no more partitions than days in this span and days gone by.
DAYS_BACK = 35
DAYS_AHEAD = 2


class DayPartitions:
    """The days that have a partition; a day is a count from 1970-01-01 (UTC)."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._days = {day for (day,) in connection.execute(statement("signals_days"))}

    def provide(self, days: Iterable[int], now: int) -> None:
        """Give partitions to those of the days that may have one and have none.

        Their rows, stored a moment ago in the default partition, move into it.
        """
        today = now // DAY
        for day in sorted(set(days) - self._days):
            if today - DAYS_BACK <= day <= today + DAYS_AHEAD:
                self._connection.execute(statement("signals_day_add"), {"day": day})
                self._days.add(day)

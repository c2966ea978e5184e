# The next times of cron schedules by croniter: JSON [[expression, zone, after, count], ...] in, [[seconds, ...], ...] out.
import json
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from croniter import croniter


def times(expression, zone, after, count):
    begin = datetime.fromtimestamp(after, ZoneInfo(zone))
    # As crontab reads day fields: one that begins with a star is not restricted.
    schedule = croniter(expression, begin, implement_cron_bug=True)
    return [int(schedule.get_next(float)) for _ in range(count)]


json.dump([times(*case) for case in json.load(sys.stdin)], sys.stdout)

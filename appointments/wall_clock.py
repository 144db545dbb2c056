"""From the clock on the clinic's wall to UTC and back, with the two days a year on which that is not one to one."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo


class NoSuchTime(ValueError):
    """The clocks went forward over this wall-clock time: it does not exist on that day."""

    def __init__(self, wall: datetime) -> None:
        super().__init__(f"{wall:%Y-%m-%d %H:%M} does not exist")
        self.wall = wall


def at_wall_clock(day: date, clock: time, tz: tzinfo, *, second: bool = False) -> datetime:
    """The moment (UTC) at which the clock in `tz` shows `clock` on `day`.

    When the clocks go back a time happens twice: the first is meant, or the other with `second`. Raises NoSuchTime
    when the clocks went forward over it.
    """
    wall = datetime.combine(day, clock, tzinfo=tz).replace(fold=int(second))
    moment = wall.astimezone(UTC)
    if moment.astimezone(tz).replace(tzinfo=None) != wall.replace(tzinfo=None):
        raise NoSuchTime(wall)
    return moment


def start_of_day(day: date, tz: tzinfo) -> datetime:
    """The first moment (UTC) of `day` in `tz`, also where the clocks go forward at midnight."""
    try:
        return at_wall_clock(day, time.min, tz)
    except NoSuchTime:
        # With fold=0 Python counts a missing time with the offset before the change, which lands just after the gap.
        return datetime.combine(day, time.min, tzinfo=tz).astimezone(UTC)


def day_bounds(first: date, days: int, tz: tzinfo) -> tuple[datetime, datetime]:
    """The half-open stretch (UTC) of `days` whole days from `first`: 23 or 25 hours long at a change of clocks."""
    return start_of_day(first, tz), start_of_day(first + timedelta(days=days), tz)


def city_of(zone: ZoneInfo) -> str:
    """Like "Nairobi": the city that the zone is named after."""
    return zone.key.rsplit("/", 1)[-1].replace("_", " ")


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def local_date(moment: datetime, tz: tzinfo) -> date:
    return moment.astimezone(tz).date()

"""What a doctor types in the workspace. All times are the wall clock of the clinic's zone."""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from appointments.views.doctor.days import FIRST_YEAR, LAST_YEAR
from appointments.wall_clock import NoSuchTime, at_wall_clock, start_of_day
from clinics.periods import LONGEST
from precta.text import LineField, plain_text

LONGEST_TIME_OFF = timedelta(days=365)


class ClockInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class CancelForm(forms.Form):
    reason = forms.CharField(
        label=_("A word to the patient"),
        help_text=_("It is shown to the patient with the cancelled visit."),
        required=False,
        max_length=500,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class StretchForm(forms.Form):
    """The days of a page of figures, both included; in the address they are `from` and `to`."""

    first = forms.DateField(label=_("From"), input_formats=["%Y-%m-%d"], widget=DayInput())
    last = forms.DateField(label=_("Until"), input_formats=["%Y-%m-%d"], widget=DayInput())

    def add_prefix(self, field_name: str) -> str:
        return {"first": "from", "last": "to"}.get(field_name, field_name)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        for name, day in (("first", first), ("last", last)):
            if day is not None and not FIRST_YEAR <= day.year < LAST_YEAR:
                self.add_error(name, _("Choose a day of this century."))
        if first is None or last is None or self.errors:
            return data
        if last < first:
            self.add_error("last", _("The last day must not be before the first."))
        elif (last - first).days >= LONGEST:
            self.add_error("last", _("Choose two years at most."))
        return data


class TimeOffForm(forms.Form):
    """Days, and on the first and the last of them perhaps a time; without one the whole day counts."""

    first_day = forms.DateField(label=_("First day"), widget=DayInput())
    from_time = forms.TimeField(label=_("From"), required=False, widget=ClockInput())
    last_day = forms.DateField(label=_("Last day"), widget=DayInput())
    until_time = forms.TimeField(label=_("Until"), required=False, widget=ClockInput())
    reason = LineField(
        label=_("Note for yourself"), help_text=_("Nobody else sees it."), required=False, max_length=200
    )

    def __init__(self, *args: Any, tz: tzinfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tz = tz

    def clean_until_time(self) -> time | None:
        """00:00 means the end of the last day, as in the weekly hours: the same as leaving it empty."""
        until = self.cleaned_data["until_time"]
        return None if until == time.min else until

    def clean(self) -> dict[str, Any]:
        """Adds `starts_at` and `ends_at` (UTC).

        Of a time that the clocks going back repeat, the first is the start and the second the end, so that the hour
        in between is always covered. A time that the clocks going forward skip is refused.
        """
        data = super().clean() or {}
        first, last = data.get("first_day"), data.get("last_day")
        if first is None or last is None or self.errors:
            return data
        if last < first:
            self.add_error("last_day", _("The last day must not be before the first."))
        elif first.year < FIRST_YEAR:
            self.add_error("first_day", _("Choose a day of this century."))
        elif last - first > LONGEST_TIME_OFF or last.year > LAST_YEAR:
            self.add_error("last_day", _("A time off can last a year at most."))
        else:
            data["starts_at"] = self._moment("from_time", first, data.get("from_time"), second=False)
            until = data.get("until_time")
            whole = start_of_day(last + timedelta(days=1), self.tz)
            data["ends_at"] = self._moment("until_time", last, until, second=True) if until else whole
        return data

    def _moment(self, name: str, day: date, clock: time | None, *, second: bool) -> datetime | None:
        if clock is None:
            return start_of_day(day, self.tz)
        try:
            return at_wall_clock(day, clock, self.tz, second=second)
        except NoSuchTime:
            words = _("The clocks go forward on that day: %(time)s does not exist. Choose another time.")
            self.add_error(name, words % {"time": f"{clock:%H:%M}"})
            return None

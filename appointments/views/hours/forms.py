"""Hours as plain forms. All times are the wall clock of the clinic's zone, all dates its calendar."""

import datetime
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import ConsultationMode, Doctor
from appointments.hours import minutes_of
from appointments.hours_draft import LAST_YEAR
from appointments.hours_grid import WEEK_FROM_MONDAY
from appointments.views.doctor.forms import ClockInput, DayInput


class WindowForm(forms.Form):
    """One window of the week. An end of 00:00 is midnight."""

    day_of_week = forms.TypedChoiceField(label=_("Day"), coerce=int, choices=WEEK_FROM_MONDAY)
    start_time = forms.TimeField(label=_("From"), widget=ClockInput())
    end_time = forms.TimeField(
        label=_("Until"), help_text=_("00:00 is midnight at the end of the day."), widget=ClockInput()
    )
    mode = forms.ChoiceField(label=_("Kind of visit"), choices=())
    is_active = forms.BooleanField(label=_("Patients can book these hours"), required=False, initial=True)
    effective_from = forms.DateField(
        label=_("First day"), help_text=_("Empty: from now on."), required=False, widget=DayInput()
    )
    effective_until = forms.DateField(
        label=_("Last day"), help_text=_("Empty: for good."), required=False, widget=DayInput()
    )

    def __init__(self, *args: Any, doctor: Doctor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.minutes = doctor.consultation_duration_minutes
        self.fields["mode"].choices = [
            (value, label) for value, label in ConsultationMode.choices if value in doctor.consultation_modes
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        _dates_in_order(self, data)
        for name in ("start_time", "end_time"):
            if data.get(name) is not None:
                # Times of visits are named to the minute, in addresses and forms.
                data[name] = data[name].replace(second=0, microsecond=0)
        start, end = data.get("start_time"), data.get("end_time")
        if start is None or end is None:
            return data
        _must_hold_a_visit(self, start, end, self.minutes)
        return data


class CopyDayForm(forms.Form):
    to_days = forms.TypedMultipleChoiceField(
        label=_("Copy to"),
        help_text=_("What these days had before is replaced."),
        coerce=int,
        choices=(),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, from_day: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to_days"].choices = [(day, name) for day, name in WEEK_FROM_MONDAY if day != from_day]


class DayForm(forms.Form):
    """A day with hours of its own; without times it is closed."""

    date = forms.DateField(label=_("Date"), widget=DayInput())
    mode = forms.ChoiceField(label=_("Kind of visit"), required=False, choices=())
    start_time = forms.TimeField(label=_("From"), required=False, widget=ClockInput())
    end_time = forms.TimeField(
        label=_("Until"),
        help_text=_("Leave both times empty when nobody can book that day."),
        required=False,
        widget=ClockInput(),
    )

    def __init__(self, *args: Any, doctor: Doctor, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.minutes = doctor.consultation_duration_minutes
        self.today = today
        self.fields["date"].widget.attrs["min"] = today.isoformat()
        offered = [(value, label) for value, label in ConsultationMode.choices if value in doctor.consultation_modes]
        self.fields["mode"].choices = [("", _("Every kind of visit")), *offered]

    def clean_date(self) -> datetime.date:
        day = self.cleaned_data["date"]
        if day < self.today:
            raise forms.ValidationError(_("This day is past."))
        if day.year > LAST_YEAR:
            raise forms.ValidationError(_("This day is too far away."))
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "start_time" not in data or "end_time" not in data:
            return data
        for name in ("start_time", "end_time"):
            if data[name] is not None:
                data[name] = data[name].replace(second=0, microsecond=0)
        start, end = data["start_time"], data["end_time"]
        if (start is None) != (end is None):
            self.add_error("end_time" if end is None else "start_time", _("Give both times, or neither."))
        elif start is not None and end is not None:
            _must_hold_a_visit(self, start, end, self.minutes)
        return data


def _dates_in_order(form: forms.Form, data: dict[str, Any]) -> None:
    first, last = data.get("effective_from"), data.get("effective_until")
    for name, day in (("effective_from", first), ("effective_until", last)):
        if day is not None and not 2000 <= day.year <= LAST_YEAR:
            form.add_error(name, _("This day is too far away."))
    if first is not None and last is not None and last < first:
        form.add_error("effective_until", _("The last day must not be before the first."))


def _must_hold_a_visit(form: forms.Form, start: time, end: time, minutes: int) -> None:
    opens, closes = minutes_of(start, end)
    if closes <= opens:
        form.add_error("end_time", _("The hours must end after they begin. For midnight write 00:00."))
    elif closes - opens < minutes:
        form.add_error(
            "end_time",
            ngettext(
                "These hours are shorter than one visit of %(count)d minute.",
                "These hours are shorter than one visit of %(count)d minutes.",
                minutes,
            )
            % {"count": minutes},
        )

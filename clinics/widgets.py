"""Form controls of the clinic's own page."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

SHOWN = 2
MOST = 4


class HoursWidget(forms.Widget):
    """A day's opening hours as pairs of clock fields; a text like `08:00-13:00, 14:00-17:00` inside and when posted
    whole. At least two windows are offered, more where a day has more; left empty they do not count."""

    template_name = "admin/widgets/hours.html"

    def __init__(self, day: Any, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.day = day

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> str | None:
        parts = []
        for number in range(MOST):
            start, end = (str(data.get(f"{name}-{number}-{edge}") or "").strip() for edge in ("from", "until"))
            if start or end:
                parts.append(f"{start}-{end}")
        if parts or f"{name}-0-from" in data:
            return ", ".join(parts)
        return data.get(name)

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data and f"{name}-0-from" not in data

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["windows"] = list(self._windows(name, str(value or ""), context["widget"]["attrs"]))
        return context

    def _windows(self, name: str, text: str, attrs: dict[str, Any]) -> Iterator[dict[str, Any]]:
        given = [part.strip().partition("-") for part in text.split(",") if part.strip()]
        for number in range(min(MOST, max(SHOWN, len(given)))):
            start, _dash, end = given[number] if number < len(given) else ("", "", "")
            words = {"day": self.day, "number": number + 1}
            yield {
                "start": {
                    "name": f"{name}-{number}-from",
                    "value": start.strip(),
                    "label": _("%(day)s: opens, time %(number)d") % words,
                    "id": attrs.get("id", "") if number == 0 else "",
                },
                "end": {
                    "name": f"{name}-{number}-until",
                    # A clock field knows no 24:00; an end of 00:00 is the end of the day.
                    "value": end.strip().replace("24:00", "00:00"),
                    "label": _("%(day)s: closes, time %(number)d") % words,
                },
            }

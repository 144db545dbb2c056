"""What the doctor's visits brought in, as a page and as a file. Who may: a doctor of this clinic, their own."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.models import Doctor
from appointments.figures import earnings as figures
from appointments.views.doctor.forms import StretchForm
from appointments.views.doctor.guard import workspace
from clinics.periods import MOST_DAYS, UNITS, Period, unit_for
from precta import clock
from precta.access import step_up_redirect
from precta.audit.services import record
from precta.charts import Chart, Number, bar_chart
from precta.csv_export import csv_response
from precta.payments.models import PaymentMethod
from precta.second_factor.session import stepped_up
from precta.templatetags.look import initials
from precta.templatetags.precta_tags import money

PAGE_SIZE = 25
BAD = 400
PRESETS = {
    "this-month": gettext_lazy("This month"),
    "last-month": gettext_lazy("Last month"),
    "this-year": gettext_lazy("This year"),
}


class _VisitRows:
    """What the pages of the list are cut from: only those of one page are ever read."""

    def __init__(self, doctor: Doctor, period: Period, number: int) -> None:
        self.doctor, self.period, self.number = doctor, period, number

    def count(self) -> int:
        return self.number

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, part: slice) -> list[figures.VisitMoney]:
        if part.stop <= part.start:
            return []
        return figures.visits_with_money(self.doctor, self.period, limit=part.stop - part.start, offset=part.start)


@workspace
@require_safe
def earnings(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    today = clock.now().astimezone(doctor.clinic.policy.tz).date()
    form, period = read_period(request.GET, today)
    if period is None:
        return _not_those_days(request, form)
    told, *others = found = figures.earnings(doctor, period)
    before = figures.period_before(period)
    rows: Any = _VisitRows(doctor, period, figures.visits_in(found))
    context = {
        **_frame(form, period),
        "told": told,
        "others": others,
        "before": before,
        **_compared(told, figures.net_of(doctor, first=before.first, last=before.last)),
        "chart": _chart(told, period),
        "buckets": [(_named(day, period.unit), moved) for day, moved in sorted(told.buckets.items())],
        "methods": [(PaymentMethod(method).label, moved) for method, moved in told.methods.items()],
        "page": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")),
        "zone": f"{clock.now().astimezone(doctor.clinic.policy.tz):%Z}",
    }
    return render(request, "appointments/doctor/earnings.html", context)


@workspace
@require_safe
def export(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    """After a fresh proof of who asks. The file leaves the portal, so it holds initials instead of names."""
    today = clock.now().astimezone(doctor.clinic.policy.tz).date()
    form, period = read_period(request.GET, today)
    if period is None:
        return _not_those_days(request, form)
    if not stepped_up(request):
        return step_up_redirect(request, back=reverse("appointments:doctor:earnings") + "?" + period.query)
    record(
        "earnings.exported",
        resource=doctor,
        user=request.user,
        details={"first": f"{period.first}", "last": f"{period.last}"},
    )
    header = [
        gettext_lazy("Time of the visit"),
        gettext_lazy("Patient"),
        gettext_lazy("Visit"),
        gettext_lazy("Status"),
        gettext_lazy("Method"),
        gettext_lazy("Fee"),
        gettext_lazy("Received"),
        gettext_lazy("Paid back"),
        gettext_lazy("Earned"),
        gettext_lazy("Currency"),
    ]
    name = f"precta-earnings-{doctor.clinic.slug}-{period.first}-{period.last}"
    return cast(HttpResponse, csv_response(name, header, _file_rows(doctor, period)))


def read_period(asked: QueryDict, today: date) -> tuple[StretchForm, Period | None]:
    """The days of `from` and `to`, or those of `range`, with their form; None where the days make no sense.

    A month or a year that is not over ends `today`. What is no range or no unit is as if it had not been asked.
    """
    unit = asked.get("by", "")
    if "from" in asked or "to" in asked:
        form = StretchForm(asked)
        if not form.is_valid():
            return form, None
        first, last = form.cleaned_data["first"], form.cleaned_data["last"]
        return form, Period(first, last, unit_for(first, last, unit))
    preset = asked.get("range", "")
    if preset not in PRESETS:
        preset = next(iter(PRESETS))
    first, last = today.replace(day=1), today
    if preset == "last-month":
        last = first - timedelta(days=1)
        first = last.replace(day=1)
    elif preset == "this-year":
        first = today.replace(month=1, day=1)
    form = StretchForm(initial={"first": first, "last": last})
    return form, Period(first, last, unit_for(first, last, unit), preset)


def _frame(form: StretchForm, period: Period | None) -> dict[str, Any]:
    """What the page needs with or without figures: the ways to choose days."""
    context: dict[str, Any] = {"form": form, "period": period, "presets": list(PRESETS.items())}
    if period is not None:
        days = (period.last - period.first).days + 1
        units = [(key, label) for key, label in UNITS.items() if key != "day" or days <= MOST_DAYS]
        stretch = dict(item for item in _asked_for(period).items() if item[0] != "by")
        context |= {
            "units": [(label, urlencode({**stretch, "by": key}), key == period.unit) for key, label in units],
            "csv_url": reverse("appointments:doctor:earnings-csv") + "?" + period.query,
        }
    return context


def _asked_for(period: Period) -> dict[str, str]:
    return QueryDict(period.query).dict()


def _not_those_days(request: HttpRequest, form: StretchForm) -> HttpResponse:
    return render(request, "appointments/doctor/earnings.html", _frame(form, None), status=BAD)


def _compared(told: figures.Earnings, earlier: dict[str, Decimal]) -> dict[str, Any]:
    net_before = earlier.get(told.currency, Decimal(0))
    more = told.total.net - net_before
    return {"net_before": net_before, "more": max(more, Decimal(0)), "less": max(-more, Decimal(0))}


def _chart(told: figures.Earnings, period: Period) -> Chart:
    def told_in_money(amount: Number) -> str:
        return money(amount, told.currency)

    nothing = figures.Money()
    points = [(period.label(day), told.buckets.get(day, nothing).net) for day in period.buckets]
    return bar_chart(_("Earned"), points, text=told_in_money)


def _named(day: date, unit: str) -> str:
    if unit == "month":
        return date_format(day, "F Y")
    if unit == "week":
        return _("Week from %(day)s") % {"day": date_format(day, "j M Y")}
    return date_format(day, "D j M")


def _file_rows(doctor: Doctor, period: Period) -> Iterator[list[Any]]:
    zone = doctor.clinic.policy.tz
    for row in figures.every_visit_with_money(doctor, period):
        visit = row.visit
        yield [
            visit.scheduled_at.astimezone(zone).replace(tzinfo=None),
            initials(visit.patient.full_name) if row.names_patient else "",
            visit.get_consultation_type_display(),
            visit.get_status_display(),
            row.method_words,
            visit.fee,
            row.money.paid,
            row.money.refunded,
            row.money.net,
            row.currency,
        ]

"""The figures, a page of each admin site, and the same as a CSV file."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from appointments.figures import summaries
from appointments.figures.days import Day
from appointments.figures.summaries import People, Summary
from clinics.admin_menu import Entry
from clinics.admin_sites import clinic_admin, platform_admin
from clinics.periods import PRESETS, UNITS, Period
from clinics.policies import can, capability_required, request_membership
from clinics.policy_settings import ClinicSettings
from precta import clock
from precta.access import step_up_redirect
from precta.audit.services import record
from precta.charts import Chart, Number, bar_chart
from precta.csv_export import csv_response
from precta.second_factor.session import stepped_up
from precta.templatetags.precta_tags import money

CURRENCY = ClinicSettings().currency


def _period(request: HttpRequest) -> Period:
    return Period.read(request.GET, today=timezone.localdate())


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _days(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _charts(summary: Summary, period: Period, currency: str) -> list[Chart]:
    def told_in_money(amount: Number) -> str:
        return money(amount, currency)

    def points(value: Callable[[Day], Number]) -> list[tuple[str, Number]]:
        return [(period.label(day.day), value(day)) for day in summary.buckets]

    return [
        bar_chart(gettext("Bookings"), points(lambda day: day.booked)),
        bar_chart(gettext("Revenue"), points(lambda day: day.revenue), text=told_in_money),
        bar_chart(gettext("Visits completed"), points(lambda day: day.completed)),
    ]


def _context(request: HttpRequest, site: Any, period: Period, summary: Summary, people: People) -> dict[str, Any]:
    return {
        **site.each_context(request),
        "title": _("Figures"),
        "period": period,
        "presets": [(key, label) for key, (_number, label) in PRESETS.items()],
        "units": list(UNITS.items()),
        "summary": summary,
        "cancellations": _share(summary.cancellation_rate),
        "no_shows": _share(summary.no_show_rate),
        "people": people,
        "rows": [(period.label(day.day), day) for day in summary.buckets],
    }


@require_safe
@capability_required("figures.view")
def clinic_figures(request: HttpRequest) -> HttpResponse:
    """Of the clinic whose host this is, by its own calendar."""
    clinic = request.clinic  # type: ignore[attr-defined]
    period = _period(request)
    summary = summaries.clinic_summary(clinic, period)
    currency = clinic.policy.currency
    context = {
        **_context(request, clinic_admin, period, summary, summaries.clinic_people(clinic, period)),
        "revenue": [money(summary.total.revenue, currency)],
        "currency": currency,
        "wait": _days(summaries.days_to_first_slot(now=clock.now(), clinic=clinic)),
        "charts": _charts(summary, period, currency),
        "doctors": summaries.doctors_of_clinic(clinic, period),
        "csv_url": reverse("admin:figures-csv") + "?" + period.query,
    }
    return render(request, "admin/figures.html", context)


@require_safe
def platform_figures(request: HttpRequest) -> HttpResponse:
    """Of all clinics together, each day by the clinic's own calendar."""
    period = _period(request)
    summary = summaries.platform_summary(period, currency=CURRENCY)
    people = summaries.platform_people(period, platform_admin.zone(request))
    revenue = summaries.platform_revenue(period) or {CURRENCY: Decimal(0)}
    context = {
        **_context(request, platform_admin, period, summary, people),
        "revenue": [money(amount, currency) for currency, amount in revenue.items()],
        "currency": CURRENCY,
        "wait": _days(summaries.days_to_first_slot(now=clock.now())),
        "charts": _charts(summary, period, CURRENCY),
        "clinics": summaries.clinics_of_platform(period),
        "csv_url": reverse("admin:figures-csv") + "?" + period.query,
    }
    return render(request, "admin/figures.html", context)


@require_safe
@capability_required("exports")
def clinic_figures_csv(request: HttpRequest) -> HttpResponse:
    clinic = request.clinic  # type: ignore[attr-defined]
    period = _period(request)
    summary = summaries.clinic_summary(clinic, period)
    return _csv(request, period, summary.buckets, clinic.policy.currency, clinic.slug)


@require_safe
def platform_figures_csv(request: HttpRequest) -> HttpResponse:
    period = _period(request)
    return _csv(request, period, summaries.platform_summary(period, currency=CURRENCY).buckets, CURRENCY, "platform")


def _csv(request: HttpRequest, period: Period, days: Iterable[Day], currency: str, whose: str) -> HttpResponse:
    """After a fresh proof of who asks; who has to give one comes back to the page, since nobody can to a download."""
    if not stepped_up(request):
        return step_up_redirect(request, back=reverse("admin:figures") + "?" + period.query)
    record(
        "figures.exported",
        resource=("figures", None),
        user=request.user,
        details={"first": f"{period.first}", "last": f"{period.last}", "by": period.unit},
    )
    header = [
        _("From"),
        _("Bookings"),
        _("Cancelled"),
        _("Completed"),
        _("Did not come"),
        _("Received"),
        _("Paid back"),
        _("Revenue"),
        _("Currency"),
    ]
    rows = ([*day, day.revenue, currency] for day in days)
    name = f"precta-figures-{whose}-{period.first}-{period.last}"
    return cast(HttpResponse, csv_response(name, header, rows))


def _may_see(request: HttpRequest) -> bool:
    return can(request_membership(request), "figures.view")


clinic_admin.add_page("figures/", clinic_figures, "figures")
clinic_admin.add_page("figures/export/", clinic_figures_csv, "figures-csv")
clinic_admin.add_entry(Entry(_("Figures"), "admin:figures", _may_see, 30, "clinic", "chart-column"))
platform_admin.add_page("figures/", platform_figures, "figures")
platform_admin.add_page("figures/export/", platform_figures_csv, "figures-csv")
platform_admin.add_entry(Entry(_("Figures"), "admin:figures", lambda request: True, 10, "watch", "chart-column"))

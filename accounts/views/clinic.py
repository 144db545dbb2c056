"""A clinic's own front page, on its host. Anybody may open it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.directory import cards, lookup, pages
from accounts.directory.filters import Filters
from clinics.models import Clinic
from precta import clock, hosts


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    clinic: Clinic = request.clinic  # type: ignore[attr-defined]
    filters = Filters()
    found = lookup.find(filters, now=now, zones=[clinic.policy.time_zone], clinic=clinic)
    presenter = cards.Presenter(filters, now=now, clinic=clinic)
    return render(
        request,
        "accounts/clinic/home.html",
        {
            "found": found,
            "cards": presenter.cards(found.rows[: pages.CLINIC_HOME_DOCTORS]),
            "opening": pages.opening(clinic, now=now),
            "fields": pages.fields_of(found.rows),
            "here": reverse("accounts:clinic:doctors"),
            "canonical": hosts.clinic_url(clinic, "accounts:clinic:home"),
        },
    )


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", "Allow: /$", "Allow: /doctors/", "Allow: /static/", "Disallow: /"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")

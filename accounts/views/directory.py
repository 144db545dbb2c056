"""Finding a doctor or a clinic. Anybody may open these pages; they neither read nor start a session."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import languages, specialties
from accounts.directory import cards, headings, home_parts, lookup, options, pages
from accounts.directory import sitemap as addresses
from accounts.directory.filters import Filters
from accounts.directory.lookup import Places
from accounts.directory.profile_parts import parts_of
from clinics.models import Clinic
from precta import clock, hosts


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    where = lookup.places()
    tiles = pages.tiles(now=now)
    today = now.astimezone(pages.home_zone()).date()
    return render(
        request,
        "accounts/directory/home.html",
        {
            "tiles": [(tile, pages.tile_text(tile, now=now)) for tile in tiles[: pages.HOME_TILES]],
            "more": tiles[pages.HOME_TILES :],
            "totals": pages.totals(),
            "city_options": options.of_cities(where.cities, ""),
            "day_options": options.options(headings.day_choices(today), ""),
            "suggested_words": options.suggested_words(),
            "parts": home_parts.parts(),
        },
    )


@require_safe
def doctors(request: HttpRequest) -> HttpResponse:
    """The list, on the platform's host over all clinics and on a clinic's host over its own doctors."""
    now = clock.now()
    clinic: Clinic | None = request.clinic  # type: ignore[attr-defined]
    where = lookup.places() if clinic is None else Places((), (clinic.policy.time_zone,))
    filters = Filters.read(request.GET, today=now.date())
    if clinic is not None:
        filters = filters.without("city").having(page=filters.page)
    found = lookup.find(filters, now=now, zones=where.zones, clinic=clinic)
    presenter = cards.Presenter(found.filters, now=now, clinic=clinic)
    here = reverse("accounts:clinic:doctors" if clinic else "accounts:directory:doctors")
    return render(
        request,
        "accounts/directory/doctors.html",
        {
            "filters": found.filters,
            "found": found,
            "cards": presenter.cards(found.rows),
            "heading": headings.heading(found.filters, clinic),
            "summary": headings.summary(found),
            "asked": headings.asked(found.filters),
            "pages": headings.page_choices(found) if found.pages > 1 else (),
            "suggestions": ()
            if found.total
            else headings.suggestions(found.filters, now=now, places=where, clinic=clinic),
            "here": here,
            "canonical": hosts.origin(request.get_host().rpartition(":")[0] or request.get_host())
            + here
            + found.filters.canonical_query_string,
            "specialty_options": options.of_specialties(filters.specialty),
            "city_options": "" if clinic else options.of_cities(where.cities, filters.city),
            "language_options": options.of_languages(filters.language),
            "fee_options": options.of_fees(filters.max_fee),
            "sort_options": options.of_sorts(filters.sort, bool(filters.words)),
            "day_chips": options.of_days(filters),
            "mode_chips": options.of_modes(filters),
        },
    )


@require_safe
def doctor(request: HttpRequest, doctor_id: str) -> HttpResponse:
    """A public doctor's profile; 404 for everybody else's id, and on a clinic's host for other clinics' doctors."""
    now = clock.now()
    clinic: Clinic | None = request.clinic  # type: ignore[attr-defined]
    found = pages.profile(doctor_id, clinic=clinic)
    if found is None:
        raise Http404
    assert found.clinic is not None
    filters = Filters.read(request.GET, today=now.date())
    presenter = cards.Presenter(Filters(mode=filters.mode), now=now, clinic=clinic)
    return render(
        request,
        "accounts/directory/doctor.html",
        {
            "doctor": found,
            "card": presenter.card(pages.doctor_row(found)),
            "modes": presenter.by_mode(pages.doctor_row(found)),
            "fields": [(slug, specialties.name_of(slug)) for slug in found.specialties],
            "spoken": [languages.name_of(code) for code in found.languages],
            "house": found.clinic,
            "opening": pages.opening(found.clinic, now=now),
            "parts": parts_of(request, found),
            "canonical": hosts.platform_url("accounts:directory:doctor", found.pk),
        },
    )


@require_safe
def clinics(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    where = lookup.places()
    filters = Filters.read(request.GET, today=now.date())
    page = pages.clinics_page(q=filters.q, city=filters.city, page=request.GET.get("page", ""))
    return render(
        request,
        "accounts/directory/clinics.html",
        {
            "filters": filters,
            "page": page,
            "query": Filters(q=filters.q, city=filters.city).query_string.removeprefix("?"),
            "clinics": [(clinic, pages.opening(clinic, now=now)) for clinic in page],
            "city_options": options.of_cities(where.cities, filters.city),
            "canonical": hosts.platform_url("accounts:directory:clinics")
            + Filters(city=filters.city, page=page.number).canonical_query_string,
        },
    )


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        "Disallow: /account/",
        "Disallow: /me/",
        "Disallow: /dev/",
        "Disallow: /rx/",
        f"Sitemap: {hosts.platform_url('accounts:directory:sitemap')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """All public pages; with more than one file holds, the list of the files `?page=1` and on."""
    asked = request.GET.get("page", "")
    parts = -(-addresses.total() // addresses.MOST)
    if not asked and parts > 1:
        here = hosts.platform_url("accounts:directory:sitemap")
        return render(
            request,
            "accounts/directory/sitemaps.xml",
            {"parts": [f"{here}?page={number}" for number in range(1, parts + 1)]},
            content_type="application/xml; charset=utf-8",
        )
    number = int(asked or 1) if len(asked) < 6 and (asked or "1").isascii() and (asked or "1").isdigit() else 0
    if not 1 <= number <= parts:
        raise Http404
    return render(
        request,
        "accounts/directory/sitemap.xml",
        {"addresses": addresses.part(number)},
        content_type="application/xml; charset=utf-8",
    )

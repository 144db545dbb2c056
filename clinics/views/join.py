"""A clinic's way in: what it takes, the application, and what became of it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.application_forms import MOST_WORDS, ApplicationForm
from clinics.exceptions import ApplicationRefused
from clinics.forms import DAY_NAMES
from clinics.models import ApplicationStatus, ClinicApplication
from clinics.opening_hours import OpeningHours
from clinics.selectors import application_of, open_application_of
from clinics.services.applications import propose_slug, save_application, send_application, slug_trouble
from precta import hosts
from precta.access import login_required
from precta.files.forms import status_of
from precta.files.responses import private_response
from precta.ratelimit import limit, wait_seconds, who
from precta.text import printable

View = Callable[..., HttpResponse]
REFRESH_SECONDS = 3
STEPS = {ApplicationStatus.DRAFT: 2, ApplicationStatus.WAITING: 3, ApplicationStatus.REFUSED: 1}
look = require_http_methods(["GET", "HEAD"])


def applicant_required(view: View) -> View:
    """Signed in with a confirmed e-mail, and not one of those who decide."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.role == "admin":
            raise PermissionDenied
        if not (request.user.has_email and request.user.email_verified):
            messages.warning(request, _("Give your account an e-mail address first: our answer goes there."))
            return HttpResponseRedirect(reverse("account_email"))
        return view(request, *args, **kwargs)

    return guarded


@look
def landing(request: HttpRequest) -> HttpResponse:
    """Anybody."""
    mine = application_of(request.user) if request.user.is_authenticated else None
    back = hosts.platform_url("clinics:join:write")
    return render(request, "clinics/join/landing.html", {"mine": mine, "back": back})


@require_http_methods(["GET", "HEAD", "POST"])
@applicant_required
@limit("clinic-application", "20/h", "60/d")
def write(request: HttpRequest) -> HttpResponse:
    """Begin an application, or change the own one while that is possible."""
    mine = open_application_of(request.user)
    if mine is not None and not mine.is_editable:
        return _to_status(mine)
    form = ApplicationForm(*([request.POST, request.FILES] if request.method == "POST" else []), application=mine)
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_application(
                applicant=request.user,
                values=form.values(),
                licence=form.cleaned_data["licence"],
                language=get_language() or "en",
            )
        except ApplicationRefused as refused:
            messages.warning(request, str(refused))
            return HttpResponseRedirect(reverse("clinics:join:landing"))
        return _to_status(saved)
    context = {"form": form, "application": mine, "most_words": MOST_WORDS}
    return render(request, "clinics/join/write.html", context, status=status_of(form) if form.is_bound else 200)


@require_GET
@applicant_required
def address(request: HttpRequest) -> HttpResponse:
    """A fragment: whether the typed address name is free, or which one the clinic's name makes."""
    if wait_seconds("clinic-address", who(request), "120/m"):
        return HttpResponse(status=429)
    typed = printable(request.GET.get("slug", ""))[:60].lower()
    slug = typed or propose_slug(printable(request.GET.get("name", ""))[:200])
    trouble = slug_trouble(slug, but=open_application_of(request.user)) if slug else ""
    return render(request, "clinics/join/_address.html", {"slug": slug, "trouble": trouble, "is_own": bool(typed)})


@look
@applicant_required
def status(request: HttpRequest, application_id: str) -> HttpResponse:
    """The applicant's own application: to be sent, waiting, sent back, being set up, or a clinic."""
    mine = _own(request, application_id)
    week = OpeningHours.read(mine.operating_hours).week
    context = {
        **_progress(mine),
        "hours": [(DAY_NAMES[day % 7], week[day % 7]) for day in range(1, 8)],
        "step": STEPS.get(ApplicationStatus(mine.status), 4),
        "again_every": REFRESH_SECONDS,
        "platform_host": settings.PLATFORM_HOST,
    }
    return render(request, "clinics/join/status.html", context)


@require_POST
@applicant_required
@limit("clinic-application-send", "10/h")
def send(request: HttpRequest, application_id: str) -> HttpResponse:
    mine = _own(request, application_id)
    try:
        send_application(application=mine)
    except ApplicationRefused as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("clinics:join:write") if mine.is_editable else _status_url(mine))
    return _to_status(mine)


@look
@applicant_required
def progress(request: HttpRequest, application_id: str) -> HttpResponse:
    """A fragment for the page that waits; the page is loaded anew when there is something else to say."""
    mine = _own(request, application_id)
    response = render(request, "clinics/join/_progress.html", _progress(mine))
    if mine.status != ApplicationStatus.CREATING:
        response["HX-Refresh"] = "true"
    return response


@look
@applicant_required
def licence(request: HttpRequest, application_id: str) -> HttpResponseBase:
    mine = _own(request, application_id)
    if not mine.licence_file:
        raise Http404
    return private_response(mine.licence_file, name=mine.licence_name, content_type=mine.licence_type)


def _own(request: HttpRequest, application_id: str) -> ClinicApplication:
    mine = ClinicApplication.objects.of(request.user).select_related("clinic")
    return get_object_or_404(mine, pk=application_id)


def _progress(application: ClinicApplication) -> dict[str, Any]:
    return {"application": application, "progress_url": reverse("clinics:join:progress", args=[application.pk])}


def _status_url(application: ClinicApplication) -> str:
    return reverse("clinics:join:status", args=[application.pk])


def _to_status(application: ClinicApplication) -> HttpResponse:
    return HttpResponseRedirect(_status_url(application))

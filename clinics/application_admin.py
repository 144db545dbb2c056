"""Deciding about clinics that want to join: the queue, and a page for each with its licence beside what was written."""

from datetime import timedelta
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin, messages
from django.db import models
from django.db.models import Case, When
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from clinics.admin_base import ReadOnlyAdmin
from clinics.admin_sites import platform_admin
from clinics.admin_tools import ActionRefused, ConfirmedAction
from clinics.application_forms import DecisionForm
from clinics.exceptions import ApplicationRefused
from clinics.forms import DAY_NAMES
from clinics.models import ApplicationStatus, ClinicApplication
from clinics.opening_hours import OpeningHours
from clinics.selectors import same_licence, same_name
from clinics.services.applications import (
    MOST_ATTEMPTS,
    approve_application,
    refuse_application,
    retry_application,
    slug_trouble,
)
from precta import clock
from precta.audit.services import record
from precta.files.responses import private_response

PROMISED = timedelta(days=2)
# What needs somebody first, then what is under way, then what is over.
URGENCY = (ApplicationStatus.FAILED, ApplicationStatus.WAITING, ApplicationStatus.CREATING)
ELSEWHERE = 5


class Age(admin.SimpleListFilter):
    title = _("age")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [("late", _("Waiting for over 2 days")), ("week", _("Sent within the last 7 days"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = clock.now()
        if self.value() == "late":
            return queryset.filter(status=ApplicationStatus.WAITING, submitted_at__lt=now - PROMISED)
        return queryset.filter(submitted_at__gte=now - timedelta(days=7)) if self.value() == "week" else queryset


def _retry(request: HttpRequest, application: ClinicApplication, reason: str) -> bool:
    try:
        return retry_application(application=application, by=request.user)
    except ApplicationRefused as refused:
        raise ActionRefused(str(refused)) from refused


# Whether a clinic is let in is decided with its licence before one's eyes, on its own page.
RETRY = ConfirmedAction(
    name="retry",
    label=_("Set the chosen clinics up once more"),
    explanation=_("Those that could not be set up are tried again. All others are left as they are."),
    button=_("Set up once more"),
    run=_retry,
)


@admin.register(ClinicApplication, site=platform_admin)
class ClinicApplicationAdmin(ReadOnlyAdmin):
    confirmed_actions = (RETRY,)
    list_display = ("name", "status", "waiting_for", "city", "applicant", "licence_number", "submitted_at")
    list_select_related = ("applicant", "decided_by")
    list_filter = ("status", Age, "region")
    search_fields = ("name", "slug", "city", "licence_number", "licence_key", "applicant__email", "contact_name")
    search_help_text = _("Clinic, town, licence number, contact or e-mail")
    ordering = (
        Case(*(When(status=status, then=place) for place, status in enumerate(URGENCY)), default=ELSEWHERE),
        "submitted_at",
        "pk",
    )
    export_fields = (
        *("name", "slug", "status", "city", "region", "applicant", "contact_name", "licence_number"),
        *("submitted_at", "decided_at", "decided_by", "reason_code"),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[ClinicApplication]:
        """What was sent; a draft is its applicant's own."""
        return super().get_queryset(request).filter(submitted_at__isnull=False)

    @admin.display(description=_("waits for"), ordering="submitted_at")
    def waiting_for(self, application: ClinicApplication) -> str:
        if application.status != ApplicationStatus.WAITING or application.submitted_at is None:
            return ""
        return timesince(application.submitted_at, clock.now(), depth=1)

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "decision": require_POST(self.decide),
            "licence": require_GET(self.show_licence),
            "progress": require_GET(self.show_progress),
        }
        own = [
            path(
                f"<str:application_id>/{name}/",
                self.admin_site.admin_view(view),
                name=f"clinics_clinicapplication_{name}",
            )
            for name, view in pages.items()
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        application = self._found(request, object_id)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self._page(request, application, DecisionForm())

    def decide(self, request: HttpRequest, application_id: str) -> HttpResponse:
        """Let in, send back with a reason, or try once more to set up."""
        application = self._found(request, application_id)
        action = request.POST.get("action")
        try:
            if action == "refuse":
                form = DecisionForm(request.POST)
                if not form.is_valid():
                    return self._page(request, application, form, status=400)
                done = refuse_application(application=application, by=request.user, **form.cleaned_data)
                said = gettext("The application is sent back, and the applicant is told why.")
            elif action == "approve":
                done = approve_application(application=application, by=request.user)
                said = gettext("The clinic is let in and is being set up.")
            elif action == "retry":
                done = retry_application(application=application, by=request.user)
                said = gettext("The clinic is being set up once more.")
            else:
                return HttpResponseRedirect(self._url(application))
        except ApplicationRefused as refused:
            messages.error(request, str(refused))
        else:
            if done:
                messages.success(request, said)
            else:
                messages.warning(request, gettext("Somebody else has decided about this application meanwhile."))
        return HttpResponseRedirect(self._url(application))

    def show_licence(self, request: HttpRequest, application_id: str) -> HttpResponseBase:
        application = self._found(request, application_id)
        if not application.licence_file:
            raise Http404
        record("clinic_application.licence_viewed", resource=application, user=request.user)
        return private_response(
            application.licence_file, name=application.licence_name, content_type=application.licence_type, framed=True
        )

    def show_progress(self, request: HttpRequest, application_id: str) -> HttpResponse:
        application = self._found(request, application_id)
        response = render(request, "clinics/join/_progress.html", self._progress(application))
        if application.status != ApplicationStatus.CREATING:
            response["HX-Refresh"] = "true"
        return response

    def _found(self, request: HttpRequest, application_id: str) -> ClinicApplication:
        rows = self.get_queryset(request).select_related("applicant", "clinic", "decided_by")
        return get_object_or_404(rows, pk=application_id)

    def _url(self, application: ClinicApplication, page: str = "change") -> str:
        return reverse(f"admin:clinics_clinicapplication_{page}", args=[application.pk])

    def _progress(self, application: ClinicApplication) -> dict[str, Any]:
        return {"application": application, "progress_url": self._url(application, "progress")}

    def _page(
        self, request: HttpRequest, application: ClinicApplication, form: DecisionForm, status: int = 200
    ) -> HttpResponse:
        week = OpeningHours.read(application.operating_hours).week
        context = {
            **self.admin_site.each_context(request),
            **self._progress(application),
            "title": application.name,
            "opts": self.opts,
            "original": application,
            "form": form,
            "hours": [(DAY_NAMES[day % 7], week[day % 7]) for day in range(1, 8)],
            "hints": self._hints(application),
            "is_picture": application.licence_type.startswith("image/"),
            "waits_for": self.waiting_for(application),
            "most_attempts": MOST_ATTEMPTS,
            "platform_host": settings.PLATFORM_HOST,
        }
        return _framing(render)(request, "admin/platform/application.html", context, status=status)

    def _hints(self, application: ClinicApplication) -> list[tuple[str, str, str]]:
        """(tone, sentence, address) of what somebody who decides should know."""
        found = []
        if application.is_decidable and (trouble := slug_trouble(application.slug, but=application)):
            found.append(("bad", trouble, ""))
        if not application.applicant.is_active:
            barred = gettext(
                "The applicant's account is suspended: let it in again first, or send the application back."
            )
            found.append(("bad", barred, reverse("admin:accounts_user_change", args=[application.applicant_id])))
        for other in same_licence(application):
            words = {"name": other.name, "state": other.get_status_display().lower()}
            sentence = gettext("The same licence number stands in the application of %(name)s (%(state)s).") % words
            found.append(("warn", sentence, self._url(other)))
        for clinic in same_name(application):
            if clinic.pk != application.clinic_id:
                sentence = gettext("A clinic of this name is in this town already.")
                found.append(("warn", sentence, reverse("admin:clinics_clinic_change", args=[clinic.pk])))
        return found


def _framing(view: Any) -> Any:
    """The page shows a document in a frame, which our policy refuses everywhere else."""
    return csp_update({"frame-src": [SELF]})(view)

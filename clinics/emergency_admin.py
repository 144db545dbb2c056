"""The pages of breaking the glass on the admin host, and the list of such accesses in both admin sites.

Nothing of a clinic is shown here without an open access of the person who asks: every such address answers 403 with
the way to ask. What is read is written into the clinic's own trail before it is shown.
"""

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from clinics.admin_base import ClinicModelAdmin, ReadOnlyAdmin
from clinics.admin_sites import clinic_admin, platform_admin
from clinics.admin_tools import ConfirmedAction
from clinics.emergency import DataList, EmergencyAccess, data_list, data_list_named, data_lists
from clinics.exceptions import ReasonMissing
from clinics.models import Clinic, Membership
from clinics.services.emergency import LONGEST_REASON, close_access, current_access, open_access
from clinics.trail_words import act, thing
from precta.access import step_up_redirect
from precta.audit.models import AuditLog
from precta.audit.services import record
from precta.second_factor.session import stepped_up
from precta.tenancy import clinic_context

ROWS = 50

data_list(
    DataList(
        kind="staff",
        title=_("Staff"),
        order=40,
        rows=lambda clinic: (
            Membership.objects.filter(clinic_id=clinic.pk).select_related("user").order_by("role", "created_at", "pk")
        ),
        columns=(
            (_("Person"), lambda row: row.user),
            (_("Role"), lambda row: row.get_role_display()),
            (_("Active"), lambda row: _("Yes") if row.is_active else _("No")),
            (_("Since"), lambda row: row.created_at),
        ),
    )
)
data_list(
    DataList(
        kind="trail",
        title=_("Audit trail"),
        order=50,
        rows=lambda clinic: AuditLog.objects.select_related("user").order_by("-created_at", "-pk"),
        columns=(
            (_("Time"), lambda row: row.created_at),
            (_("What was done"), lambda row: act(row.action)),
            (_("Who"), lambda row: row.user or _("The portal itself")),
            (_("What it was about"), lambda row: thing(row.resource_type)),
            (_("Id"), lambda row: row.resource_id or ""),
        ),
    )
)


@require_http_methods(["GET", "HEAD", "POST"])
def data_page(request: HttpRequest, clinic_id: str) -> HttpResponse:
    """Asks for the reason; with it the data is open for an hour, and this page leads to the lists and closes it."""
    clinic = get_object_or_404(Clinic, pk=clinic_id)
    access = current_access(clinic=clinic, by=request.user)
    here = reverse("admin:clinics_clinic_data", args=[clinic.pk])
    error = ""
    if request.method == "POST":
        if request.POST.get("action") == "close":
            if access is not None and close_access(access=access, by=request.user):
                messages.success(request, gettext("The access is closed. The clinic sees when it was."))
            return HttpResponseRedirect(here)
        if not stepped_up(request):
            return step_up_redirect(request)
        try:
            open_access(clinic=clinic, by=request.user, reason=request.POST.get("reason", ""))
        except ReasonMissing:
            error = gettext("Say in a sentence why this is needed: the clinic reads it.")
        else:
            return HttpResponseRedirect(here)
    past = EmergencyAccess.objects.filter(clinic=clinic).select_related("user")[:10]
    context = _context(request, clinic, access, gettext("Data of %(clinic)s") % {"clinic": clinic})
    context |= {"error": error, "typed": request.POST.get("reason", "")[:LONGEST_REASON], "past": past}
    with timezone.override(clinic.policy.tz):
        return render(request, "admin/platform/clinic_data.html", context, status=400 if error else 200)


@require_safe
def data_list_page(request: HttpRequest, clinic_id: str, kind: str) -> HttpResponse:
    """One list of the clinic's rows, while the person's own access is open."""
    clinic = get_object_or_404(Clinic, pk=clinic_id)
    access = current_access(clinic=clinic, by=request.user)
    if access is None:
        context = _context(request, clinic, None, gettext("This data is closed"))
        return render(request, "admin/platform/clinic_data_closed.html", context, status=403)
    wanted = data_list_named(kind)
    if wanted is None:
        raise Http404
    with clinic_context(clinic), timezone.override(clinic.policy.tz):
        page = Paginator(wanted.rows(clinic), ROWS).get_page(request.GET.get("page"))
        rows = [[cell(row) for _words, cell in wanted.columns] for row in page]
        record(
            "emergency_access.viewed",
            resource=access,
            user=request.user,
            details={"list": wanted.kind, "page": page.number},
        )
        title = gettext("%(list)s of %(clinic)s") % {"list": wanted.title, "clinic": clinic}
        context = _context(request, clinic, access, title)
        context |= {"headings": [words for words, _cell in wanted.columns], "rows": rows, "page": page, "list": wanted}
        return render(request, "admin/platform/clinic_data_list.html", context)


def _context(request: HttpRequest, clinic: Clinic, access: EmergencyAccess | None, title: str) -> dict[str, Any]:
    address = "admin:clinics_clinic_data_list"
    return {
        **platform_admin.each_context(request),
        "title": title,
        "of": clinic,
        "access": access,
        "ask": reverse("admin:clinics_clinic_data", args=[clinic.pk]),
        "lists": [(found, reverse(address, args=[clinic.pk, found.kind])) for found in data_lists()],
        "longest": LONGEST_REASON,
    }


platform_admin.add_page("clinics/clinic/<str:clinic_id>/data/", data_page, "clinics_clinic_data")
platform_admin.add_page("clinics/clinic/<str:clinic_id>/data/<slug:kind>/", data_list_page, "clinics_clinic_data_list")


class StillOpen(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("open", _("Open now")), ("over", _("Over"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        still = EmergencyAccess.objects.open().values("pk")
        if self.value() == "open":
            return queryset.filter(pk__in=still)
        return queryset.exclude(pk__in=still) if self.value() == "over" else queryset


class AccessAdmin:
    list_select_related = ("user", "clinic")
    search_fields = ("user__email", "reason")
    ordering = ("-opened_at", "-pk")

    @admin.display(description=_("state"))
    def state(self, access: EmergencyAccess) -> SafeString:
        tone, words = ("warn", _("Open now")) if access.is_open() else ("", _("Over"))
        return format_html('<span class="badge {}">{}</span>', tone, words)


CLOSE = ConfirmedAction(
    name="close",
    label=_("Close the chosen accesses"),
    explanation=_("Nobody reads a clinic's data by them any more, at once. The clinics see when each was closed."),
    button=_("Close them"),
    run=lambda request, access, reason: close_access(access=access, by=request.user),
    danger=True,
)


@admin.register(EmergencyAccess, site=platform_admin)
class PlatformEmergencyAdmin(AccessAdmin, ReadOnlyAdmin):
    confirmed_actions = (CLOSE,)
    list_display = ("opened_at", "clinic", "user", "reason", "expires_at", "closed_at", "state")
    list_filter = (StillOpen, "clinic")
    fields = ("clinic", "user", "reason", "opened_at", "expires_at", "closed_at", "state")
    readonly_fields = ("state",)


@admin.register(EmergencyAccess, site=clinic_admin)
class ClinicEmergencyAdmin(AccessAdmin, ClinicModelAdmin):
    """Who of the platform has read this clinic's data, and why. What they opened is in the trail."""

    clinic_lookup = "clinic"
    list_display = ("opened_at", "user", "reason", "expires_at", "closed_at", "state")
    list_filter = (StillOpen,)
    fields = ("user", "reason", "opened_at", "expires_at", "closed_at", "state")
    readonly_fields = ("state",)
    change_form_template = "admin/clinic/emergency_change_form.html"

"""Clinics, their hosts, their staff and the trail, in both admin sites."""

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from clinics import application_admin, emergency_admin, trail_admin
from clinics.admin_base import ClinicModelAdmin, ReadOnlyAdmin
from clinics.admin_sites import clinic_admin, platform_admin
from clinics.admin_tools import ActionRefused, ConfirmedAction
from clinics.exceptions import LastOwner, NotYourPart
from clinics.forms import PLAIN_RULES, SELLING, STEPS, ClinicPageForm
from clinics.models import Clinic, Domain, Membership
from clinics.opening_hours import DAYS
from clinics.policies import can, request_membership
from clinics.refund_words import refund_sentences
from clinics.services.profile import update_clinic
from clinics.services.staff import deactivate
from clinics.services.suspension import reactivate_clinic, suspend_clinic
from precta.access import step_up_redirect
from precta.files.forms import status_of
from precta.second_factor.session import stepped_up

__all__ = ["application_admin", "emergency_admin", "trail_admin"]


SUSPEND = ConfirmedAction(
    name="suspend",
    label=_("Suspend the chosen clinics"),
    explanation=_(
        "Their pages close at once, their doctors are no longer found, and visits to come are cancelled and paid back. "
        "Owners, managers and patients are told; patients keep what is theirs."
    ),
    button=_("Suspend the clinics"),
    run=lambda request, clinic, reason: suspend_clinic(clinic=clinic, by=request.user, reason=reason),
    danger=True,
    asks_reason=True,
    asks_proof=True,
)
REOPEN = ConfirmedAction(
    name="reactivate",
    label=_("Open the chosen clinics again"),
    explanation=_("Their pages open again, and their doctors are found. Visits that were cancelled stay cancelled."),
    button=_("Open the clinics"),
    run=lambda request, clinic, reason: reactivate_clinic(clinic=clinic, by=request.user),
)


@admin.register(Clinic, site=platform_admin)
class PlatformClinicAdmin(ReadOnlyAdmin):
    list_display = ("name", "city", "slug", "status", "created_at")
    list_filter = ("status", "region")
    search_fields = ("name", "slug", "city")
    confirmed_actions = (SUSPEND, REOPEN)
    fields = (
        *("name", "slug", "code", "status", "city", "region", "address", "phone", "email", "website"),
        *("description", "operating_hours", "settings", "created_at"),
    )
    change_form_template = "admin/platform/clinic_change_form.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.close_or_open))
        return [path("<str:clinic_id>/opening/", view, name="clinics_clinic_opening"), *super().get_urls()]

    def close_or_open(self, request: HttpRequest, clinic_id: str) -> HttpResponse:
        """Asks once what will happen, then suspends the clinic or opens it again."""
        clinic = get_object_or_404(Clinic, pk=clinic_id)
        back = reverse("admin:clinics_clinic_change", args=[clinic.pk])
        if request.method == "POST":
            # As for several clinics at once: a screen left alone must not pay back a clinic's visits.
            if request.POST.get("action") == "suspend" and not stepped_up(request):
                return step_up_redirect(request)
            reason = request.POST.get("reason", "")
            if request.POST.get("action") == "suspend" and suspend_clinic(
                clinic=clinic, by=request.user, reason=reason
            ):
                messages.success(request, _("The clinic is suspended. Its visits to come are being paid back."))
            elif request.POST.get("action") == "reactivate" and reactivate_clinic(clinic=clinic, by=request.user):
                messages.success(request, _("The clinic is open again."))
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Opening of %(clinic)s") % {"clinic": clinic},
            "closing": clinic,
            "back": back,
        }
        return render(request, "admin/platform/clinic_opening.html", context)


@admin.register(Domain, site=platform_admin)
class PlatformDomainAdmin(ReadOnlyAdmin):
    list_display = ("domain", "tenant", "is_primary")
    list_select_related = ("tenant",)
    search_fields = ("domain", "tenant__name")
    list_filter = ("is_primary",)


@admin.register(Membership, site=platform_admin)
class PlatformMembershipAdmin(ReadOnlyAdmin):
    list_display = ("user", "clinic", "role", "is_active", "created_at")
    list_select_related = ("user", "clinic")
    list_filter = ("role", "is_active", "clinic")
    search_fields = ("user__email", "clinic__name")


def _end_work(request: HttpRequest, membership: Membership, reason: str) -> bool:
    try:
        deactivate(membership=membership, by=request.user)
    except LastOwner as error:
        raise ActionRefused(gettext("A clinic keeps an owner.")) from error
    except NotYourPart as error:
        raise ActionRefused(gettext("This is not yours to end.")) from error
    return membership.is_active


END_WORK = ConfirmedAction(
    name="end_work",
    label=_("End the access of the chosen people"),
    explanation=_(
        "Their access to this clinic's pages ends at once, and they are told. What they did stays in the audit trail. "
        "They can be let in again on the page of the staff."
    ),
    button=_("End their access"),
    run=_end_work,
    allowed=lambda request: can(request_membership(request), "staff.manage"),
    danger=True,
    asks_proof=True,
)


@admin.register(Membership, site=clinic_admin)
class ClinicMembershipAdmin(ClinicModelAdmin):
    """To filter and export; the menu leads to the page of the staff instead, where they are invited and managed."""

    clinic_lookup = "clinic"
    list_display = ("user", "role", "is_active", "created_at")
    list_select_related = ("user",)
    list_filter = ("role", "is_active")
    search_fields = ("user__email",)
    fields = ("user", "role", "is_active", "created_at")
    confirmed_actions = (END_WORK,)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


LOGO = ("logo_now", "logo", "remove_logo")


@admin.register(Clinic, site=clinic_admin)
class OwnClinicAdmin(ClinicModelAdmin):
    """The clinic's page, hours and rules; there is only the one whose host this is, so its list is its form."""

    clinic_lookup = "pk"
    exported = False
    form = ClinicPageForm
    readonly_fields = ("logo_now", "slug", "code", "status")
    change_form_template = "admin/clinic/own_clinic.html"
    fieldsets = (
        (
            _("The clinic's page"),
            {"fields": ("name", "description", ("city", "region"), "address", *LOGO)},
        ),
        (_("How to reach you"), {"fields": ("phone", "email", "website")}),
        (
            _("Opening hours"),
            {
                "fields": tuple(f"hours_{day % DAYS}" for day in range(1, DAYS + 1)),
                "description": _(
                    "Two openings a day are enough for a lunch break; leave both empty when you are closed. "
                    "00:00 as the end is midnight."
                ),
            },
        ),
        (
            _("Booking"),
            {"fields": PLAIN_RULES},
        ),
        (
            _("Cancelling"),
            {
                "classes": ("policy-rules",),
                "fields": tuple((f"refund_hours_{n}", f"refund_percent_{n}") for n in STEPS),
                "description": _(
                    "What a patient gets back who cancels, from most hours down. Who cancels later than the last of "
                    "these gets nothing back."
                ),
            },
        ),
        (_("Selling medicines"), {"fields": SELLING}),
        (_("Set by Precta"), {"fields": ("slug", "code", "status")}),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return HttpResponseRedirect(reverse("admin:clinics_clinic_change", args=[request.clinic.pk]))

    @admin.display(description=_("logo now"))
    def logo_now(self, clinic: Clinic) -> str | SafeString:
        if not clinic.logo_url:
            return gettext("None yet")
        return format_html('<img class="logo-now" src="{}" alt="">', clinic.logo_url)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A refused logo answers what a refused upload answers everywhere: 415, 413; the form keeps what was typed."""
        response = super().changeform_view(request, *args, **kwargs)
        adminform = (getattr(response, "context_data", None) or {}).get("adminform")
        if request.method == "POST" and adminform is not None and "logo" in adminform.form.errors:
            response.status_code = status_of(adminform.form)
        return response

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["refund_words"] = refund_sentences(clinic=request.clinic)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        if self.has_change_permission(request, obj):
            (title, options), *others = super().get_fieldsets(request, obj)
            if not request.clinic.logo_url:  # nothing to show, nothing to take away
                options = {**options, "fields": tuple(name for name in options["fields"] if name not in LOGO[::2])}
            return ((title, options), *others)
        plain = ("name", "description", "city", "region", "address", "phone", "email", "website", "slug", "status")
        return ((None, {"fields": plain}),)

    def save_model(self, request: HttpRequest, obj: Clinic, form: ClinicPageForm, change: bool) -> None:
        update_clinic(clinic=request.clinic, by=request.user, page=form.page(), rules=form.rules())

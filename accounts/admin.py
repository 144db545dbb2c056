"""People in both admin sites. Patients' clinical profiles are shown in neither."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts import doctor_requests, languages, specialties  # noqa: F401 - the first adds pages of its own
from accounts.exceptions import CannotResetYourself, CannotSuspendYourself
from accounts.models import (
    ClinicPatient,
    Consent,
    ConsentPurpose,
    ConsultationMode,
    Doctor,
    DoctorCredential,
    User,
    UserStatus,
    VerificationStatus,
)
from accounts.services.users import reactivate_user, reset_second_factor, sign_out_everywhere, suspend_user
from accounts.verification_admin import VerificationAdmin
from accounts.views import staff_admin  # noqa: F401 - adds pages of its own
from accounts.waits import EXPIRES_SOON
from clinics.admin_base import ClinicModelAdmin, ReadOnlyAdmin
from clinics.admin_sites import clinic_admin, platform_admin
from clinics.admin_tools import ActionRefused, ConfirmedAction
from precta import clock
from precta.access import step_up_redirect
from precta.second_factor.codes import has_factor
from precta.second_factor.session import stepped_up
from precta.templatetags.precta_tags import money

DOCTOR_FIELDS = (
    *("first_name", "last_name", "clinic", "fields_named", "languages_named", "modes_named", "consultation_fee"),
    *("consultation_duration_minutes", "years_of_experience", "bio", "qualifications", "license_number"),
    *("verification_status", "verified_at", "average_rating", "total_reviews", "total_consultations"),
)


class DoctorWords:
    """The coded lists of a doctor in words."""

    @admin.display(description=_("specialties"))
    def fields_named(self, doctor: Doctor) -> str:
        return ", ".join(map(specialties.name_of, doctor.specialties))

    @admin.display(description=_("languages"))
    def languages_named(self, doctor: Doctor) -> str:
        return languages.named(doctor.languages)

    @admin.display(description=_("kinds of visit"))
    def modes_named(self, doctor: Doctor) -> str:
        return ", ".join(str(ConsultationMode(mode).label) for mode in doctor.consultation_modes)


def _suspend(request: HttpRequest, user: User, reason: str) -> bool:
    try:
        return suspend_user(user=user, by=request.user, reason=reason)
    except CannotSuspendYourself as error:
        raise ActionRefused(gettext("You cannot suspend your own account.")) from error


def _sign_out(request: HttpRequest, user: User, reason: str) -> bool:
    sign_out_everywhere(user=user, by=request.user)
    return True


SUSPEND = ConfirmedAction(
    name="suspend",
    label=_("Suspend the chosen accounts"),
    explanation=_(
        "Suspended, an account is signed out everywhere at once and cannot sign in. Booked visits stay as they are. "
        "A doctor is no longer found in the search."
    ),
    button=_("Suspend"),
    run=_suspend,
    danger=True,
    asks_reason=True,
)
LET_IN = ConfirmedAction(
    name="reactivate",
    label=_("Let the chosen accounts in again"),
    explanation=_("The accounts can sign in again at once; nothing that was booked changes."),
    button=_("Let in again"),
    run=lambda request, user, reason: reactivate_user(user=user, by=request.user),
)
SIGN_OUT = ConfirmedAction(
    name="sign_out",
    label=_("Sign the chosen accounts out everywhere"),
    explanation=_("All sessions of the accounts end on every device. They can sign in again."),
    button=_("Sign out everywhere"),
    run=_sign_out,
)


class Expiry(admin.SimpleListFilter):
    title = _("expiry")
    parameter_name = "expires"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [("soon", _("Valid and within 60 days")), ("over", _("Expired"))]

    def queryset(self, request: HttpRequest, queryset):
        today = timezone.localdate()
        if self.value() == "soon":
            verified = queryset.filter(verification_status=VerificationStatus.VERIFIED)
            doctors = verified.filter(doctor__verification_status=VerificationStatus.VERIFIED)
            return doctors.filter(expires_at__lte=today + EXPIRES_SOON)
        return queryset.filter(expires_at__lt=today) if self.value() == "over" else queryset


class Since(admin.SimpleListFilter):
    """How long a person has been a patient here."""

    title = _("first visit booked")
    parameter_name = "since"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [("week", _("Within the last 7 days")), ("month", _("Within the last 30 days"))]

    def queryset(self, request: HttpRequest, queryset):
        days = {"week": 7, "month": 30}.get(self.value() or "")
        return queryset.filter(created_at__gte=clock.now() - timedelta(days=days)) if days else queryset


@admin.register(User, site=platform_admin)
class PlatformUserAdmin(ReadOnlyAdmin):
    """Accounts: who they are towards the platform, and letting them in or not."""

    list_display = ("address", "role", "status", "email_verified", "last_login", "created_at")
    list_filter = ("role", "status")
    search_fields = ("email", "id")
    search_help_text = _("E-mail or id")
    ordering = ("-created_at", "-pk")
    date_hierarchy = "created_at"
    fields = (
        "id",
        "address",
        "phone",
        "role",
        "status",
        "email_verified",
        "phone_verified",
        "last_login",
        "created_at",
    )
    change_form_template = "admin/platform/user_change_form.html"
    confirmed_actions = (SUSPEND, LET_IN, SIGN_OUT)

    @admin.display(description=_("e-mail"), ordering="email")
    def address(self, user: User) -> str:
        return str(user)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_http_methods(["GET", "HEAD", "POST"])(self.let_in_or_out))
        return [path("<str:user_id>/access/", view, name="accounts_user_access"), *super().get_urls()]

    def let_in_or_out(self, request: HttpRequest, user_id: str) -> HttpResponse:
        """Asks once what will happen, then suspends, lets in again, signs out everywhere or resets the factor."""
        user = get_object_or_404(User, pk=user_id)
        back = reverse("admin:accounts_user_change", args=[user.pk])
        if request.method == "POST":
            if request.POST.get("action") == "reset-factor" and not stepped_up(request):
                return step_up_redirect(request)
            self._act(request, user)
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Access of %(person)s") % {"person": user},
            "person": user,
            "is_suspended": user.status == UserStatus.SUSPENDED,
            "is_self": user.pk == request.user.pk,
            "has_factor": has_factor(user),
            "back": back,
        }
        return render(request, "admin/platform/user_access.html", context)

    def _act(self, request: HttpRequest, user: User) -> None:
        action = request.POST.get("action")
        if action == "suspend":
            try:
                suspend_user(user=user, by=request.user, reason=request.POST.get("reason", ""))
            except CannotSuspendYourself:
                messages.error(request, gettext("You cannot suspend your own account."))
            else:
                messages.success(request, gettext("The account is suspended and signed out everywhere."))
        elif action == "reactivate" and reactivate_user(user=user, by=request.user):
            messages.success(request, gettext("The account may sign in again."))
        elif action == "sign-out":
            sign_out_everywhere(user=user, by=request.user)
            messages.success(request, gettext("The account is signed out everywhere."))
        elif action == "reset-factor":
            self._reset(request, user)

    def _reset(self, request: HttpRequest, user: User) -> None:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, gettext("Say how you know who asked."))
            return
        try:
            done = reset_second_factor(user=user, by=request.user, reason=reason)
        except CannotResetYourself:
            messages.error(request, gettext("Another admin has to reset your own second factor."))
        else:
            if done:
                messages.success(request, gettext("The second factor is reset, and the person is told."))


@admin.register(Doctor, site=platform_admin)
class PlatformDoctorAdmin(DoctorWords, VerificationAdmin):
    def _facts(self, doctor: Doctor) -> list[tuple[Any, Any]]:
        return [
            (_("Name"), doctor.full_name),
            (_("Licence number"), doctor.license_number),
            (_("Specialties"), self.fields_named(doctor)),
            (_("Years of practice"), doctor.years_of_experience),
            (_("Languages"), self.languages_named(doctor)),
            (_("Kinds of visit"), self.modes_named(doctor)),
            (_("Fee"), money(doctor.consultation_fee)),
            (_("Clinic"), doctor.clinic or ""),
        ]


@admin.register(DoctorCredential, site=platform_admin)
class PlatformCredentialAdmin(ReadOnlyAdmin):
    """The papers' particulars, over all doctors; the file is looked at on the doctor's page."""

    list_display = ("name", "doctor", "type", "verification_status", "expires_at", "uploaded_at")
    list_select_related = ("doctor",)
    list_filter = ("type", "verification_status", Expiry)
    search_fields = ("name", "doctor__last_name", "issued_by")
    ordering = ("-uploaded_at", "-pk")
    fields = ("doctor", "type", "name", "issued_by", "issued_at", "expires_at", "verification_status", "uploaded_at")


@admin.register(ClinicPatient, site=clinic_admin)
class LinkedPatientAdmin(ClinicModelAdmin):
    """The patients who have been to this clinic; nobody else's, and nothing of their health."""

    clinic_lookup = "clinic"
    list_display = ("patient_name", "date_of_birth", "agrees", "created_at")
    list_select_related = ("patient",)
    list_filter = (Since,)
    search_fields = ("patient__first_name", "patient__last_name")
    ordering = ("patient__last_name", "patient__first_name", "pk")
    fields = ("patient_name", "date_of_birth", "agrees", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClinicPatient]:
        given = Consent.objects.filter(
            patient=OuterRef("patient"), clinic=OuterRef("clinic"), purpose=ConsentPurpose.CLINIC_CARE
        )
        return (
            super()
            .get_queryset(request)
            .annotate(was_asked=Exists(given), stands=Exists(given.filter(withdrawn_at__isnull=True)))
        )

    @admin.display(description=_("consent"))
    def agrees(self, link: ClinicPatient) -> str:
        if link.stands:
            return gettext("given")
        return pgettext("consent", "taken back") if link.was_asked else gettext("not asked yet")

    @admin.display(description=_("patient"), ordering="patient__last_name")
    def patient_name(self, link: ClinicPatient) -> str:
        return link.patient.full_name

    @admin.display(description=_("date of birth"))
    def date_of_birth(self, link: ClinicPatient) -> object:
        return link.patient.date_of_birth


@admin.register(Doctor, site=clinic_admin)
class ClinicDoctorAdmin(DoctorWords, ClinicModelAdmin):
    clinic_lookup = "clinic"
    list_display = ("__str__", "consultation_fee", "consultation_duration_minutes", "verification_status")
    list_filter = ("verification_status",)
    search_fields = ("first_name", "last_name")
    ordering = ("last_name", "first_name", "pk")
    fields = tuple(name for name in DOCTOR_FIELDS if name != "clinic")

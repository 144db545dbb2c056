"""Lines of the dashboards: doctors, their papers, accounts."""

from datetime import timedelta

from django.db.models import Count, Min, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from accounts.models import (
    ClinicRequestStatus,
    Doctor,
    DoctorClinicRequest,
    DoctorCredential,
    User,
    UserStatus,
    VerificationStatus,
)
from clinics.dashboard import Wait, waits
from clinics.first_steps import Step, first_step
from clinics.policies import can, may, request_membership
from precta import clock
from precta.hosts import platform_url

EXPIRES_SOON = timedelta(days=60)


@waits("platform", order=20)
def doctors_to_verify(request: HttpRequest) -> Wait:
    waiting = Doctor.objects.filter(submitted_at__isnull=False)
    found = waiting.aggregate(count=Count("pk"), oldest=Min("submitted_at"))
    note = _("the oldest for %(age)s") % {"age": timesince(found["oldest"], depth=1)} if found["oldest"] else ""
    url = reverse("admin:accounts_doctor_changelist") + "?queue=waiting"
    return Wait(_("Doctors to verify"), found["count"], url, "warn", note)


@waits("platform", order=30)
def credentials_that_expire(request: HttpRequest) -> Wait:
    until = timezone.localdate(clock.now()) + EXPIRES_SOON
    soon = DoctorCredential.objects.filter(
        verification_status=VerificationStatus.VERIFIED,
        doctor__verification_status=VerificationStatus.VERIFIED,
        expires_at__lte=until,
    )
    url = reverse("admin:accounts_doctorcredential_changelist") + "?expires=soon"
    return Wait(_("Credentials that expire within 60 days"), soon.count(), url, "warn")


@waits("platform", order=90)
def suspended_accounts(request: HttpRequest) -> Wait:
    url = reverse("admin:accounts_user_changelist") + f"?status__exact={UserStatus.SUSPENDED}"
    return Wait(_("Suspended accounts"), User.objects.filter(status=UserStatus.SUSPENDED).count(), url, "bad")


def _doctors(request: HttpRequest) -> dict[str, int]:
    """The clinic's, counted once for its lines and steps."""
    if not hasattr(request, "_clinic_doctors"):
        pending = Q(verification_status=VerificationStatus.PENDING)
        request._clinic_doctors = Doctor.objects.filter(clinic=request.clinic.pk).aggregate(  # type: ignore[attr-defined]
            all=Count("pk"), pending=Count("pk", filter=pending)
        )
    return request._clinic_doctors  # type: ignore[attr-defined]


@waits("clinic", order=60)
def unverified_doctors(request: HttpRequest) -> Wait | None:
    if not may(request_membership(request), "view", "accounts.doctor"):
        return None
    count = _doctors(request)["pending"]
    url = reverse("admin:accounts_doctor_changelist") + f"?verification_status__exact={VerificationStatus.PENDING}"
    return Wait(_("Doctors whom Precta has yet to verify"), count, url, "warn")


@waits("clinic", order=15)
def doctors_who_ask(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "doctors.accept"):
        return None
    waiting = DoctorClinicRequest.objects.filter(clinic=request.clinic.pk, status=ClinicRequestStatus.REQUESTED)
    return Wait(_("Doctors who ask to join"), waiting.count(), reverse("admin:accounts_doctor_requests"), "brand")


@first_step(order=30)
def doctors(request: HttpRequest) -> Step:
    note = _("Doctors sign up at %(address)s and choose your clinic; you accept them here.")
    return Step(
        _("Bring in your doctors"),
        note % {"address": platform_url("accounts:join-doctor:home").partition("://")[2]},
        reverse("admin:accounts_doctor_requests"),
        bool(_doctors(request)["all"]),
    )

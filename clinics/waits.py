"""Lines of the dashboards about clinics and who may read their data, and the first steps of a new one."""

from django.db.models import Count, Min
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from clinics.dashboard import Wait, waits
from clinics.emergency import EmergencyAccess
from clinics.first_steps import Step, first_step
from clinics.models import ApplicationStatus, Clinic, ClinicApplication, ClinicStatus, Membership, StaffInvitation
from clinics.opening_hours import OpeningHours
from clinics.policies import can, request_membership
from precta import clock


@waits("platform", order=10)
def applications_to_decide(request: HttpRequest) -> Wait:
    waiting = ClinicApplication.objects.filter(status=ApplicationStatus.WAITING)
    found = waiting.aggregate(count=Count("pk"), oldest=Min("submitted_at"))
    note = _("the oldest for %(age)s") % {"age": timesince(found["oldest"], depth=1)} if found["oldest"] else ""
    url = reverse("admin:clinics_clinicapplication_changelist") + f"?status__exact={ApplicationStatus.WAITING}"
    return Wait(_("Clinics that apply"), found["count"], url, "warn", note)


@waits("platform", order=11)
def clinics_not_set_up(request: HttpRequest) -> Wait:
    failed = ClinicApplication.objects.filter(status=ApplicationStatus.FAILED).count()
    url = reverse("admin:clinics_clinicapplication_changelist") + f"?status__exact={ApplicationStatus.FAILED}"
    return Wait(_("Clinics that could not be set up"), failed, url, "bad")


@waits("platform", order=80)
def suspended_clinics(request: HttpRequest) -> Wait:
    url = reverse("admin:clinics_clinic_changelist") + f"?status__exact={ClinicStatus.SUSPENDED}"
    return Wait(_("Suspended clinics"), Clinic.objects.filter(status=ClinicStatus.SUSPENDED).count(), url, "bad")


@waits("platform", order=70)
def open_accesses(request: HttpRequest) -> Wait:
    url = reverse("admin:clinics_emergencyaccess_changelist") + "?state=open"
    return Wait(_("Emergency accesses that are open"), EmergencyAccess.objects.open().count(), url, "bad")


@waits("clinic", order=80)
def invitations_that_ran_out(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "staff.manage"):
        return None
    waiting = StaffInvitation.objects.unanswered().filter(clinic=request.clinic.pk)  # type: ignore[attr-defined]
    count = waiting.filter(expires_at__lte=clock.now()).count()
    # As seldom as it is, told only while it is so.
    return Wait(_("Invitations to staff that ran out"), count, reverse("admin:staff"), "warn") if count else None


@waits("clinic", order=90)
def precta_reads(request: HttpRequest) -> Wait | None:
    if not can(request_membership(request), "audit.view"):
        return None
    count = EmergencyAccess.objects.open().filter(clinic_id=request.clinic.pk).count()  # type: ignore[attr-defined]
    url = reverse("admin:clinics_emergencyaccess_changelist")
    # Nothing to do with it most of the year: it is told only while it is so.
    return Wait(_("People of Precta who may read your data now"), count, url, "bad") if count else None


@first_step(order=10)
def page_and_hours(request: HttpRequest) -> Step:
    clinic = request.clinic
    return Step(
        _("Check the clinic's page and opening hours"),
        _("Patients read there what you do, where you are and when you are open. Your rules are there too."),
        reverse("admin:clinics_clinic_change", args=[clinic.pk]),
        bool(clinic.description and clinic.address and OpeningHours.read(clinic.operating_hours).given),
    )


@first_step(order=20)
def staff(request: HttpRequest) -> Step:
    others = Membership.objects.filter(clinic=request.clinic.pk).exclude(user=request.user.pk)
    invited = StaffInvitation.objects.filter(clinic=request.clinic.pk)
    found = others.order_by().values("pk")[:1].union(invited.order_by().values("pk")[:1])
    return Step(
        _("Invite your staff"),
        _("The front desk books for callers and walk-ins, managers run the clinic with you."),
        reverse("admin:staff-invite"),
        bool(list(found)),
    )

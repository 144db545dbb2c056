"""Lines of the platform's dashboard: clinics."""

from django.db.models import Count, Min
from django.http import HttpRequest
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from clinics.dashboard import Wait, waits
from clinics.models import ApplicationStatus, Clinic, ClinicApplication, ClinicStatus


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

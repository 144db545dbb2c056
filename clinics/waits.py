"""Lines of the platform's dashboard: clinics."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.dashboard import Wait, waits
from clinics.models import Clinic, ClinicStatus


@waits("platform", order=80)
def suspended_clinics(request: HttpRequest) -> Wait:
    url = reverse("admin:clinics_clinic_changelist") + f"?status__exact={ClinicStatus.SUSPENDED}"
    return Wait(_("Suspended clinics"), Clinic.objects.filter(status=ClinicStatus.SUSPENDED).count(), url, "bad")

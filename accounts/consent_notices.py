"""What follows when a patient takes back the consent to a clinic's care: its trail has it, its front desk is told."""

from django.utils.translation import gettext as _

from accounts.models import ClinicPatient, Consent, User
from accounts.selectors import reader
from clinics.models import Membership
from clinics.policies import CAPABILITIES
from precta.audit.models import AuditLog
from precta.audit.services import record
from precta.hosts import clinic_url
from precta.notifications.telling import INBOX, Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import clinic_context


@on("consent.withdrawn")
def write_withdrawal(event: OutboxEvent) -> None:
    consent, act = _consent(event), "consent.withdrawn"
    with clinic_context(consent.clinic):
        if not AuditLog.objects.filter(action=act, details__event=event.pk).exists():
            details = {"purpose": consent.purpose, "version": consent.text_version, "event": event.pk}
            by = User.objects.get(pk=event.payload["by"])
            record(act, resource=("patient", consent.patient_id), user=by, details=details)


@on("consent.withdrawn")
def tell_desk(event: OutboxEvent) -> None:
    consent = _consent(event)
    clinic = consent.clinic
    assert clinic is not None
    names = {"name": consent.patient.full_name, "clinic": clinic.name}
    link = ClinicPatient.objects.filter(clinic=clinic, patient=consent.patient_id).first()
    url = clinic_url(clinic, "clinic_admin:accounts_clinicpatient_change", link.pk) if link is not None else ""
    staff = Membership.objects.filter(clinic=clinic, is_active=True, role__in=CAPABILITIES["visits.book"])
    people = [reader(member.user) for member in staff.exclude(user__status="suspended").select_related("user")]

    def words() -> Words:
        body = _(
            "%(name)s no longer agrees to be treated at %(clinic)s. What is booked stays until somebody "
            "cancels it. Before anything new is booked, ask again."
        )
        return Words(_("A patient took a consent back"), body % names, _("See the patient"))

    tell(event.pk, people, words, url=url, channels=INBOX)


def _consent(event: OutboxEvent) -> Consent:
    """One that was given to a clinic: no other is taken back."""
    return Consent.objects.select_related("clinic", "patient").get(pk=event.payload["consent_id"])

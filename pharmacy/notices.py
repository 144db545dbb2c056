"""What follows from an issued prescription: its paper is drawn, and the patient's side is told, never what is in it."""

from django.utils.translation import gettext as _

from appointments.models import Appointment
from appointments.notices.recipients import patient_side
from clinics.models import Clinic
from pharmacy.models import Prescription
from pharmacy.services.papers import paper_of
from precta.hosts import clinic_url, platform_url
from precta.notifications.models import Channel, NotificationType
from precta.notifications.telling import Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import current_clinic

EVERYWHERE = (Channel.PUSH, Channel.EMAIL)


@on("prescription.issued", "prescription.replaced")
def draw_paper(event: OutboxEvent) -> None:
    """A replaced one is drawn anew, because its paper says so."""
    prescription, clinic = _found(event), current_clinic()
    if prescription is not None and clinic is not None:
        paper_of(prescription=prescription, clinic=clinic)


@on("prescription.issued")
def tell_issued(event: OutboxEvent) -> None:
    prescription, clinic = _found(event), current_clinic()
    if prescription is None or clinic is None or prescription.appointment_id is None:
        return
    visit = Appointment.objects.select_related("patient__user", "doctor__user").get(pk=prescription.appointment_id)
    url = _page(prescription, clinic)
    kind = NotificationType.PRESCRIPTION_READY
    tell(event.pk, patient_side(visit.patient), lambda: _words(prescription, clinic), url=url, type=kind)


def _words(prescription: Prescription, clinic: Clinic) -> Words:
    names = {"doctor": prescription.doctor.display_name, "clinic": clinic.name, "name": prescription.patient.first_name}
    whom = _("It is for %(name)s.") % names
    if prescription.replaces_id:
        said = _("%(doctor)s of %(clinic)s wrote a prescription that takes the place of an earlier one.") % names
        return Words(_("Your prescription was replaced"), f"{said}\n\n{whom}", _("See the prescription"))
    said = _("%(doctor)s of %(clinic)s wrote a prescription.") % names
    return Words(_("Your prescription is ready"), f"{said}\n\n{whom}", _("See the prescription"))


def _page(prescription: Prescription, clinic: Clinic) -> str:
    if not clinic.is_open:
        # A suspended clinic's host shows one page only; what is theirs people find under their own care.
        return platform_url("pharmacy:me:prescriptions")
    return clinic_url(clinic, "pharmacy:patient:detail", prescription.pk)


def _found(event: OutboxEvent) -> Prescription | None:
    return Prescription.objects.with_people().filter(pk=event.payload["prescription_id"]).first()

"""What a clinic does to several visits of its list at once. With more choice: the desk's pages of each."""

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import ConsultationMode
from appointments.exceptions import InvalidTransition, NotYet
from appointments.models import Appointment, AppointmentStatus
from appointments.services import attendance
from appointments.services.cancellation import Side, cancel_appointment
from clinics.admin_tools import ActionRefused, ConfirmedAction
from clinics.policies import can, request_membership


def _named(visit: Appointment) -> str:
    when = timezone.localtime(visit.scheduled_at)
    return f"{when:%Y-%m-%d %H:%M}, {visit.patient.full_name}, {visit.doctor.display_name}"


def _arrived(request: HttpRequest, visit: Appointment, reason: str) -> bool:
    if visit.consultation_type != ConsultationMode.IN_PERSON:
        raise ActionRefused(gettext("A visit by video has no waiting room."))
    return _do(request, visit, attendance.mark_arrived)


def _did_not_come(request: HttpRequest, visit: Appointment, reason: str) -> bool:
    return _do(request, visit, attendance.mark_no_show)


def _cancel(request: HttpRequest, visit: Appointment, reason: str) -> bool:
    if visit.status == AppointmentStatus.CANCELLED:
        return False
    return _do(request, visit, partial(cancel_appointment, side=Side.CLINIC))


def _do(request: HttpRequest, visit: Appointment, service: Callable[..., Appointment]) -> bool:
    visit.clinic = request.clinic  # type: ignore[attr-defined]
    try:
        service(appointment=visit, by_user=request.user)
    except NotYet as error:
        raise ActionRefused(gettext("It is too early for that. Nothing was changed.")) from error
    except InvalidTransition as error:
        raise ActionRefused(gettext("As this visit stands, that cannot be done to it.")) from error
    return True


def _holds(capability: str) -> Callable[[HttpRequest], bool]:
    return lambda request: can(request_membership(request), capability)


ARRIVED = ConfirmedAction(
    name="arrived",
    label=_("Mark the chosen patients as arrived"),
    explanation=_("Their doctors see that they wait. Visits of days to come are left as they are."),
    button=_("Mark as arrived"),
    run=_arrived,
    allowed=_holds("visits.attend"),
    named=_named,
)
DID_NOT_COME = ConfirmedAction(
    name="did_not_come",
    label=_("Note that the chosen patients did not come"),
    explanation=_(
        "It cannot be taken back, and nothing is paid back. Visits whose patients the clinic still waits for and "
        "patients who have arrived, or came to a video room, are left as they are."
    ),
    button=_("Note that they did not come"),
    run=_did_not_come,
    allowed=_holds("visits.attend"),
    danger=True,
    named=_named,
)
CANCEL = ConfirmedAction(
    name="cancel",
    label=_("Cancel the chosen visits for the clinic"),
    explanation=_(
        "The clinic cannot keep these visits: the patients are told and get everything back that they paid. A visit "
        "that its patient wants to cancel is cancelled on its own page, where the clinic's rules say what goes back."
    ),
    button=_("Cancel the visits"),
    run=_cancel,
    allowed=_holds("visits.cancel"),
    danger=True,
    named=_named,
)

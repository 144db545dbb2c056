"""News about a clinic for those who answer for it: its applicant, its owners and managers."""

from collections.abc import Callable, Iterator

from django.utils.translation import gettext as _

from clinics.models import Clinic, ClinicApplication
from clinics.selectors import leaders
from precta import hosts
from precta.notifications.models import NotificationType
from precta.notifications.telling import Recipient, Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on


@on("clinic_application.received", "clinic_application.refused", "clinic_application.done")
def tell_applicant(event: OutboxEvent) -> None:
    application = ClinicApplication.objects.select_related("applicant", "clinic").get(
        pk=event.payload["application_id"]
    )
    applicant = Recipient(application.applicant, application.language)
    words, url = _about_application(event, application)
    tell(event.pk, [applicant], words, url=url, type=NotificationType.VERIFICATION_STATUS)


@on("clinic.suspended", "clinic.reactivated")
def tell_leaders(event: OutboxEvent) -> None:
    clinic = Clinic.objects.filter(pk=event.payload["clinic_id"]).first()
    if clinic is None:
        return
    if event.kind == "clinic.suspended":
        tell(event.pk, readers(clinic), lambda: _suspended(clinic), url=hosts.platform_url("pages:help"))
    else:
        tell(event.pk, readers(clinic), lambda: _reactivated(clinic), url=hosts.clinic_url(clinic, "admin:index"))


def _suspended(clinic: Clinic) -> Words:
    body = _(
        "Its pages are closed and its doctors are not found. All visits to come are cancelled, patients "
        "get their money back and are told. Write to us if you think that this is a mistake."
    )
    return Words(_("%(clinic)s is suspended on Precta") % {"clinic": clinic.name}, body, _("Help"))


def _reactivated(clinic: Clinic) -> Words:
    body = _("Its pages answer and its doctors are found again. Visits that were cancelled stay cancelled.")
    title = _("%(clinic)s is open again on Precta") % {"clinic": clinic.name}
    return Words(title, body, _("Open the administration"))


def _about_application(event: OutboxEvent, application: ClinicApplication) -> tuple[Callable[[], Words], str]:
    names, status_page = {"clinic": application.name}, hosts.platform_url("clinics:join:status", application.pk)
    if event.kind == "clinic_application.received":
        return lambda: _received(names), status_page
    if event.kind == "clinic_application.refused":
        return lambda: _refused(names, application.reason_text), status_page
    clinic = application.clinic or Clinic.objects.get(pk=event.payload["clinic_id"])
    return lambda: _done(names), hosts.clinic_url(clinic, "admin:index")


def _received(names: dict[str, str]) -> Words:
    return Words(
        _("We have your application for %(clinic)s") % names,
        _("We check the licence and answer within two working days. You can follow the application meanwhile."),
        _("See the application"),
    )


def _refused(names: dict[str, str], reason: str) -> Words:
    return Words(
        _("Your application for %(clinic)s needs a change") % names,
        _("%(reason)s You can change the application and send it again.")
        % {"reason": reason or _("We cannot accept the application as it is.")},
        _("Change the application"),
    )


def _done(names: dict[str, str]) -> Words:
    return Words(
        _("%(clinic)s is on Precta") % names,
        _("Your clinic's pages are there. Next: check the opening hours, invite your staff and your doctors."),
        _("Open the administration"),
    )


def readers(clinic: Clinic) -> Iterator[Recipient]:
    """Those who lead the clinic, each with the language of their account."""
    for user in leaders(clinic):
        patient = getattr(user, "patient", None)
        yield Recipient(user, patient.preferred_language if patient is not None else "en")

"""News about a clinic for those who answer for it: its applicant, its owners and managers."""

from collections.abc import Iterator
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from clinics.models import Clinic, ClinicApplication, Membership, MembershipRole
from precta import hosts
from precta.notifications.services import notify
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on


@on("clinic_application.received", "clinic_application.refused", "clinic_application.done")
def tell_applicant(event: OutboxEvent) -> None:
    application = ClinicApplication.objects.select_related("applicant", "clinic").get(
        pk=event.payload["application_id"]
    )
    with translation.override(application.language):
        title, body, url, action = _about_application(event, application)
        notify(
            event_id=event.pk,
            user=application.applicant,
            type="verification_status",
            title=title,
            body=body,
            data={"url": url, "action": action},
            language=application.language,
        )


@on("clinic.suspended", "clinic.reactivated")
def tell_leaders(event: OutboxEvent) -> None:
    clinic = Clinic.objects.filter(pk=event.payload["clinic_id"]).first()
    if clinic is None:
        return
    for user, language in leaders(clinic):
        with translation.override(language):
            if event.kind == "clinic.suspended":
                title = _("%(clinic)s is suspended on Precta") % {"clinic": clinic.name}
                body = _(
                    "Its pages are closed and its doctors are not found. All visits to come are cancelled, patients "
                    "get their money back and are told. Write to us if you think that this is a mistake."
                )
                data = {"url": hosts.platform_url("pages:help"), "action": _("Help")}
            else:
                title = _("%(clinic)s is open again on Precta") % {"clinic": clinic.name}
                body = _("Its pages answer and its doctors are found again. Visits that were cancelled stay cancelled.")
                data = {"url": hosts.clinic_url(clinic, "admin:index"), "action": _("Open the administration")}
            notify(event_id=event.pk, user=user, type="general", title=title, body=body, data=data, language=language)


def _about_application(event: OutboxEvent, application: ClinicApplication) -> tuple[str, str, str, str]:
    words = {"clinic": application.name}
    status_page = hosts.platform_url("clinics:join:status", application.pk)
    if event.kind == "clinic_application.received":
        return (
            _("We have your application for %(clinic)s") % words,
            _("We check the licence and answer within two working days. You can follow the application meanwhile."),
            status_page,
            _("See the application"),
        )
    if event.kind == "clinic_application.refused":
        return (
            _("Your application for %(clinic)s needs a change") % words,
            _("%(reason)s You can change the application and send it again.")
            % {"reason": application.reason_text or _("We cannot accept the application as it is.")},
            status_page,
            _("Change the application"),
        )
    clinic = application.clinic or Clinic.objects.get(pk=event.payload["clinic_id"])
    return (
        _("%(clinic)s is on Precta") % words,
        _("Your clinic's pages are there. Next: check the opening hours, invite your staff and your doctors."),
        hosts.clinic_url(clinic, "admin:index"),
        _("Open the administration"),
    )


def leaders(clinic: Clinic) -> Iterator[tuple[Any, str]]:
    """Owners and managers who can sign in, each with the language of their account."""
    memberships = Membership.objects.filter(
        clinic=clinic, is_active=True, role__in=(MembershipRole.OWNER, MembershipRole.MANAGER)
    )
    for membership in memberships.exclude(user__status="suspended").select_related("user__patient"):
        patient = getattr(membership.user, "patient", None)
        yield membership.user, patient.preferred_language if patient is not None else "en"

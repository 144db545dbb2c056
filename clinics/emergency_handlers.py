"""What follows when a clinic's data is opened to somebody of the platform: its trail has it, its leaders are told."""

from typing import Any

from django.contrib.auth import get_user_model
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from clinics.emergency import EmergencyAccess
from clinics.models import Clinic
from clinics.notice_handlers import readers
from precta.audit.models import AuditLog
from precta.audit.services import record
from precta.hosts import clinic_url
from precta.notifications.telling import Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import clinic_context


@on("emergency_access.opened")
def write_opening(event: OutboxEvent) -> None:
    access = _access(event)
    _note_once(access, "emergency_access.opened", {"reason": access.reason, "until": access.expires_at.isoformat()})


@on("emergency_access.closed")
def write_closing(event: OutboxEvent) -> None:
    closed_by = get_user_model()._default_manager.get(pk=event.payload["by"])
    _note_once(_access(event), "emergency_access.closed", {}, by=closed_by)


@on("emergency_access.opened")
def tell_leaders(event: OutboxEvent) -> None:
    access = _access(event)
    tell(event.pk, readers(access.clinic), lambda: _words(access), url=_page(access.clinic))


def _access(event: OutboxEvent) -> EmergencyAccess:
    return EmergencyAccess.objects.select_related("clinic", "user").get(pk=event.payload["access_id"])


def _note_once(access: EmergencyAccess, action: str, details: dict[str, str], by: Any | None = None) -> None:
    with clinic_context(access.clinic):
        known = AuditLog.objects.filter(action=action, resource_type="emergencyaccess", resource_id=access.pk)
        if not known.exists():
            record(action, resource=access, user=by or access.user, details=details)


def _words(access: EmergencyAccess) -> Words:
    until = timezone.localtime(access.expires_at, access.clinic.policy.tz)
    title = _("Precta has opened the data of %(clinic)s") % {"clinic": access.clinic.name}
    body = _(
        "%(who)s, who runs the platform, may read the lists of your clinic until %(time)s. Reason given: %(reason)s\n\n"
        "Notes of consultations are not shown. What is opened is written into your clinic's audit trail. If you do not "
        "know why this is needed, write to Precta."
    ) % {
        "who": access.user.email,
        "time": f"{formats.date_format(until, 'D j M, H:i')} ({until:%Z})",
        "reason": access.reason,
    }
    return Words(title, body, _("See what was opened"))


def _page(clinic: Clinic) -> str:
    return clinic_url(clinic, "admin:clinics_emergencyaccess_changelist")

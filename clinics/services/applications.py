"""A clinic's way in: written, sent, decided, set up."""

import logging
import re
import unicodedata
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from clinics.application import DONE, HOLDS_SLUG, TRANSITIONS
from clinics.exceptions import ApplicationRefused, SlugRefused
from clinics.models import ApplicationStatus, ClinicApplication, RefusalReason
from clinics.schemas.template import refresh_template
from clinics.services.creation import check_slug, create_clinic
from precta import clock
from precta.audit.services import record
from precta.commits import after_commit
from precta.constraints import violated
from precta.files.checks import CheckedUpload
from precta.files.store import delete, kept
from precta.outbox.services import emit
from precta.tenancy import public_context

logger = logging.getLogger(__name__)

FOLDER = "clinic-licences"
WRITTEN = (
    *("contact_name", "contact_phone", "name", "slug", "description", "address", "city", "region", "phone", "email"),
    *("website", "operating_hours", "licence_number"),
)
# What the clinic takes over from its application.
TAKEN_OVER = ("description", "address", "city", "region", "phone", "email", "website", "operating_hours")
MOST_ATTEMPTS = 5
# A worker that has begun has so long before another may try; setting up takes well under a second.
LEASE = timedelta(seconds=60)
NOT_A_LETTER = re.compile(r"[^a-z0-9]+")


def propose_slug(name: str) -> str:
    """A free address name made of the clinic's name, or "" when nothing of it can be one."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("'", "")
    words = [word for word in NOT_A_LETTER.split(plain) if word and word not in {"the", "and", "of", "ltd", "limited"}]
    while words and not words[0][0].isalpha():
        words.pop(0)
    base = "-".join(words)[:40].strip("-")
    if len(base) < 2:
        return ""
    candidates = [base, f"{base}-clinic", *(f"{base}-{number}" for number in range(2, 10))]
    return next((slug for slug in candidates if slug_trouble(slug) is None), "")


def slug_trouble(slug: str, *, but: ClinicApplication | None = None) -> str | None:
    """Why this address name cannot be had, as a sentence for whoever chose it; None when it is free."""
    try:
        check_slug(slug)
    except SlugRefused as refused:
        return str(refused)
    wanted = ClinicApplication.objects.filter(slug=slug, status__in=HOLDS_SLUG)
    if but is not None:
        wanted = wanted.exclude(pk=but.pk)
    if wanted.exists():
        return _("Another clinic has asked for this address name.")
    return None


def save_application(
    *, applicant: Any, values: dict[str, Any], licence: CheckedUpload | None, language: str, now: datetime | None = None
) -> ClinicApplication:
    """Write the applicant's open application, a new one if there is none; `values` has the keys of WRITTEN.

    The form that leads here has the terms ticked. A new `licence` takes the place of the one before. Raises
    ApplicationRefused when it has been sent and is not theirs to change now.
    """
    stored = kept(licence, folder=FOLDER) if licence is not None else nullcontext("")
    try:
        with public_context(), stored as key, transaction.atomic():
            application = (
                ClinicApplication.objects.select_for_update(no_key=True).open().filter(applicant=applicant).first()
            )
            if application is not None and not application.is_editable:
                raise ApplicationRefused(_("Your application has been sent. You can change it when we have answered."))
            application = application or ClinicApplication(applicant=applicant)
            if application.status == ApplicationStatus.REFUSED:
                _move(application, ApplicationStatus.DRAFT)
            for name in WRITTEN:
                setattr(application, name, values[name])
            application.licence_key = NOT_A_LETTER.sub("", values["licence_number"].lower())
            application.language = language
            application.terms_accepted_at = now or clock.now()
            before = application.licence_file
            if licence is not None:
                application.licence_file = key
                application.licence_name, application.licence_type = licence.name, licence.content_type
            application.save()
            if licence is not None and before:
                after_commit(delete, before)
    except IntegrityError as error:
        if violated(error, "application_one_open_a_person"):
            # Pressed twice: the other request was first, and has kept the same.
            raise ApplicationRefused(_("Your application was saved a moment ago. Open it again.")) from None
        raise
    return application


def send_application(*, application: ClinicApplication, now: datetime | None = None) -> ClinicApplication:
    """Hand the application in, the first time or again after a refusal. Raises ApplicationRefused with the reason.

    Sending what is waiting already changes nothing.
    """
    now = now or clock.now()
    try:
        with public_context(), transaction.atomic():
            found = _locked(application)
            if found.status == ApplicationStatus.WAITING:
                return found
            again = found.submitted_at is not None
            if not found.licence_file:
                raise ApplicationRefused(_("Add the licence document first."))
            if trouble := slug_trouble(found.slug, but=found):
                raise ApplicationRefused(trouble)
            _move(found, ApplicationStatus.WAITING)
            found.submitted_at = now
            found.decided_at = found.decided_by = None
            found.reason_code = found.reason = ""
            found.save()
            record("clinic_application.resubmitted" if again else "clinic_application.submitted", resource=found)
            emit("clinic_application.received", application_id=found.pk)
    except IntegrityError as error:
        if violated(error, "application_one_waiting_a_slug"):
            raise ApplicationRefused(_("Another clinic has asked for this address name.")) from None
        raise
    return found


def refuse_application(
    *, application: ClinicApplication, by: Any, code: str, note: str, now: datetime | None = None
) -> bool:
    """Send it back with a reason; False when somebody else has decided in the meantime. Raises ApplicationRefused."""
    if code not in RefusalReason.values or (code == RefusalReason.OTHER and not note.strip()):
        raise ApplicationRefused(_("Give a reason that tells the applicant what to do."))
    with public_context(), transaction.atomic():
        found = _locked(application)
        if not found.is_decidable:
            return False
        _move(found, ApplicationStatus.REFUSED)
        found.decided_at, found.decided_by = now or clock.now(), by
        found.reason_code, found.reason = code, note.strip()[:1000]
        found.next_attempt_at, found.last_error = None, ""
        found.save()
        record("clinic_application.refused", resource=found, user=by, details={"reason": code})
        emit("clinic_application.refused", application_id=found.pk, reason=code)
    return True


def approve_application(*, application: ClinicApplication, by: Any, now: datetime | None = None) -> bool:
    """Let the clinic in: a task sets it up. False when somebody else has decided in the meantime, so that however many
    approve there is one clinic. Raises ApplicationRefused when the address name or the applicant has gone since."""
    return _start(application, by=by, verb="approved", was=ApplicationStatus.WAITING, now=now)


def retry_application(*, application: ClinicApplication, by: Any, now: datetime | None = None) -> bool:
    """Set up once more what failed; as `approve_application`."""
    return _start(application, by=by, verb="retried", was=ApplicationStatus.FAILED, now=now)


def _start(application: ClinicApplication, *, by: Any, verb: str, was: ApplicationStatus, now: datetime | None) -> bool:
    now = now or clock.now()
    with public_context(), transaction.atomic():
        found = _locked(application)
        if found.status != was:
            return False
        if not found.applicant.is_active:
            raise ApplicationRefused(_("The applicant's account is suspended, and the clinic would have no owner."))
        if trouble := slug_trouble(found.slug, but=found):
            raise ApplicationRefused(trouble)
        _move(found, ApplicationStatus.CREATING)
        found.decided_at, found.decided_by = now, by
        found.attempts, found.next_attempt_at, found.last_error = 0, now, ""
        found.save()
        record(f"clinic_application.{verb}", resource=found, user=by, details={"slug": found.slug})
        after_commit(_queue, found.pk)
    return True


def set_up_clinic(*, application_id: str, now: datetime | None = None) -> bool:
    """Make the clinic of an approved application; True when it stands, whoever made it.

    May be called any number of times: a lease lets one worker through, and the application becomes `done` in the
    transaction that makes the clinic. What goes wrong leaves nothing of a clinic and is tried again with growing
    pauses; after MOST_ATTEMPTS, or at once when the address name has gone, the application is `failed`.
    """
    now = now or clock.now()
    with public_context():
        mine = ClinicApplication.objects.filter(
            pk=application_id, status=ApplicationStatus.CREATING, next_attempt_at__lte=now
        ).update(next_attempt_at=now + LEASE, attempts=F("attempts") + 1)
        if not mine:
            return ClinicApplication.objects.filter(pk=application_id, status=DONE).exists()
        try:
            _refuse_endless_attempts(application_id)
            refresh_template()  # in a transaction of its own: it may take a second
            _create(application_id)
        except Exception as error:
            logger.exception("application %s: the clinic could not be set up", application_id)
            _note_failure(application_id, error, now)
            return False
    return True


def overdue_applications(*, now: datetime | None = None) -> list[str]:
    """Ids of approved applications that nobody works on: their message was lost, or a pause has ended."""
    creating = ClinicApplication.objects.filter(status=ApplicationStatus.CREATING)
    return list(creating.filter(next_attempt_at__lte=now or clock.now()).values_list("pk", flat=True))


class SetUpInterruptedError(RuntimeError):
    """Every attempt so far ended with its worker, before it could say what went wrong."""


def _refuse_endless_attempts(application_id: str) -> None:
    """A worker that is killed notes nothing; without this it would be tried, and killed, each minute for ever."""
    if ClinicApplication.objects.filter(pk=application_id, attempts__gt=MOST_ATTEMPTS).exists():
        raise SetUpInterruptedError


def _create(application_id: str) -> None:
    with transaction.atomic():
        found = ClinicApplication.objects.select_for_update(no_key=True).get(pk=application_id)
        if found.status != ApplicationStatus.CREATING:
            return
        clinic = create_clinic(
            name=found.name,
            slug=found.slug,
            owner=found.applicant,
            **{name: getattr(found, name) for name in TAKEN_OVER},
        )
        _move(found, DONE)
        found.clinic, found.next_attempt_at, found.last_error = clinic, None, ""
        found.save()
        record("clinic_application.done", resource=found, user=found.decided_by, details={"clinic": clinic.pk})
        emit("clinic_application.done", application_id=found.pk, clinic_id=clinic.pk)
        emit("clinic.changed", clinic_id=clinic.pk)


def _note_failure(application_id: str, error: Exception, now: datetime) -> None:
    with transaction.atomic():
        found = ClinicApplication.objects.select_for_update(no_key=True).get(pk=application_id)
        if found.status != ApplicationStatus.CREATING:
            return
        # PostgreSQL's own words may repeat what was typed; the class of an error never does.
        found.last_error = (str(error) if isinstance(error, SlugRefused) else type(error).__name__)[:500]
        if isinstance(error, SlugRefused) or found.attempts >= MOST_ATTEMPTS:
            _move(found, ApplicationStatus.FAILED)
            found.next_attempt_at = None
            record(
                "clinic_application.failed", resource=found, user=found.decided_by, details={"why": found.last_error}
            )
        else:
            found.next_attempt_at = now + timedelta(seconds=10 * 3**found.attempts)
        found.save()


def _locked(application: ClinicApplication) -> ClinicApplication:
    return ClinicApplication.objects.select_for_update(no_key=True).get(pk=application.pk)


def _move(application: ClinicApplication, to: ApplicationStatus) -> None:
    if to not in TRANSITIONS[ApplicationStatus(application.status)]:
        raise ApplicationRefused(_("Something has changed in the meantime. Load the page again."))
    application.status = to


def _queue(application_id: str) -> None:
    from clinics.tasks import set_up

    set_up.delay(application_id)

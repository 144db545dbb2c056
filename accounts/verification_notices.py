"""Tells doctors, their clinics and nobody else how an application goes and when a licence ends."""

from collections.abc import Callable, Iterable

from django.utils import formats
from django.utils.translation import gettext as _

from accounts.models import (
    ClinicRequestStatus,
    DecisionKind,
    Doctor,
    DoctorClinicRequest,
    DoctorCredential,
    User,
    VerificationDecision,
    VerificationStatus,
)
from accounts.selectors import reader
from clinics.selectors import leaders
from precta.hosts import clinic_url, platform_url
from precta.notifications.models import NotificationType
from precta.notifications.telling import EVERYWHERE, INBOX, Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on


@on("doctor.submitted")
def tell_received(event: OutboxEvent) -> None:
    doctor = _doctor(event.payload["doctor_id"])
    if doctor is not None and doctor.submitted_at is not None:
        _tell(event, [doctor.user], _received, _own_page(), INBOX)


def _received() -> Words:
    return Words(
        _("We have your application"),
        _("We check your papers and tell you here and by e-mail what was decided."),
        _("See where it stands"),
    )


@on("doctor.asked_clinic")
def tell_clinic_of_request(event: OutboxEvent) -> None:
    request = _request(event)
    if request is None or request.status != ClinicRequestStatus.REQUESTED:
        return

    def words() -> Words:
        return Words(
            _("A doctor would like to work at your clinic"),
            _("%(doctor)s asks to be listed at %(clinic)s. Look at the profile and accept or refuse.")
            % {"doctor": request.doctor.display_name, "clinic": request.clinic.name},
            _("Look at the request"),
        )

    url = clinic_url(request.clinic, "clinic_admin:accounts_doctor_requests")
    _tell(event, leaders(request.clinic), words, url)


@on("doctor.clinic_answered")
def tell_doctor_of_answer(event: OutboxEvent) -> None:
    request = _request(event)
    if request is None:
        return
    names = {"clinic": request.clinic.name}

    def words() -> Words:
        if request.status == ClinicRequestStatus.ACCEPTED:
            return Words(
                _("%(clinic)s has accepted you") % names,
                _("You can enter your hours there now. Patients find you once your papers are verified."),
                _("See where it stands"),
            )
        reason = _("The clinic writes: %(reason)s") % {"reason": request.reason} if request.reason else ""
        return Words(
            _("%(clinic)s could not accept you") % names,
            _paragraphs(reason, _("You can ask another clinic; what you have entered is kept.")),
            _("Choose another clinic"),
        )

    if request.status in {ClinicRequestStatus.ACCEPTED, ClinicRequestStatus.REFUSED}:
        _tell(event, [request.doctor.user], words, _own_page())


@on("credential.decided")
def tell_paper_decided(event: OutboxEvent) -> None:
    """Single papers of an application are told of in the inbox; the mail comes with the decision on the doctor."""
    decision = _decision(event)
    if decision is None or decision.credential is None:
        return
    paper = decision.credential
    is_renewal = decision.doctor.verification_status == VerificationStatus.VERIFIED
    if decision.kind == DecisionKind.APPROVED and not is_renewal:
        return

    def words() -> Words:
        name = {"paper": paper.get_type_display()}
        if decision.kind == DecisionKind.APPROVED:
            return Words(_("Your new paper is verified"), _paper_line(name), _("See your papers"))
        return Words(
            _("A paper could not be verified"),
            _paragraphs(_paper_line(name), decision.note, _("Please upload a better copy or the right document.")),
            _("See your papers"),
        )

    _tell(event, [decision.doctor.user], words, _own_page(), EVERYWHERE if is_renewal else INBOX)


@on("doctor.decided")
def tell_doctor_decided(event: OutboxEvent) -> None:
    decision = _decision(event)
    if decision is None:
        return
    doctor = decision.doctor

    def words() -> Words:
        if decision.kind == DecisionKind.APPROVED:
            found = (
                _("Patients can find and book you now. Check your hours so that they see free times.")
                if doctor.clinic is not None
                else _("Patients can find you as soon as a clinic has accepted you.")
            )
            return Words(_("You are verified"), found, _("See your profile"))
        papers = "\n".join(
            f"{paper.get_type_display()}: {paper.rejection_reason}"
            for paper in doctor.credentials.filter(
                verification_status=VerificationStatus.REJECTED, replaced_by__isnull=True
            ).order_by("type")
            if paper.rejection_reason
        )
        return Words(
            _("Your application needs another look"),
            _paragraphs(
                decision.note,
                papers,
                _("What you have entered is kept. Change what is needed and send it again."),
            ),
            _("See what to do"),
        )

    _tell(event, [doctor.user], words, _own_page())


@on("doctor.verification_withdrawn")
def tell_withdrawn(event: OutboxEvent) -> None:
    decision = _decision(event)
    if decision is None:
        return
    doctor = decision.doctor

    def to_doctor() -> Words:
        return Words(
            _("You are no longer verified"),
            _paragraphs(
                decision.note,
                _(
                    "Patients cannot find or book you any more. What you have entered is kept: change what is needed "
                    "and send it again."
                ),
            ),
            _("See what to do"),
        )

    def to_clinic() -> Words:
        return Words(
            _("A doctor is no longer verified"),
            _(
                "Patients cannot find or book %(doctor)s any more. Booked visits cannot begin: their patients are "
                "told. Whoever cancels one gives everything back."
            )
            % {"doctor": doctor.display_name},
            _("Open the administration"),
        )

    _tell(event, [doctor.user], to_doctor, _own_page())
    if doctor.clinic is not None and doctor.clinic.is_open:
        _tell(event, leaders(doctor.clinic), to_clinic, clinic_url(doctor.clinic, "clinic_admin:index"))


@on("doctor.lapsed")
def tell_lapsed(event: OutboxEvent) -> None:
    decision = _decision(event)
    if decision is None or decision.doctor.verification_status == VerificationStatus.VERIFIED:
        return
    doctor = decision.doctor

    def to_doctor() -> Words:
        return Words(
            _("Your licence has ended"),
            _("Patients cannot find or book you any more. Upload the new licence and send it for verification."),
            _("Upload the new licence"),
        )

    def to_clinic() -> Words:
        return Words(
            _("The licence of a doctor has ended"),
            _(
                "Until the new licence is verified patients cannot find or book %(doctor)s, and booked visits cannot "
                "begin: their patients are told. Whoever cancels one gives everything back."
            )
            % {"doctor": doctor.display_name},
            _("Open the administration"),
        )

    _tell(event, [doctor.user], to_doctor, _own_page())
    if doctor.clinic is not None and doctor.clinic.is_open:
        _tell(event, leaders(doctor.clinic), to_clinic, clinic_url(doctor.clinic, "clinic_admin:index"))


@on("licence.ending")
def tell_licence_ends(event: OutboxEvent) -> None:
    paper = (
        DoctorCredential.objects.select_related("doctor__user", "doctor__clinic")
        .filter(pk=event.payload["credential_id"])
        .first()
    )
    if paper is None or paper.expires_at is None:
        return
    doctor, last_day = paper.doctor, paper.expires_at

    def facts() -> dict[str, str]:
        return {"doctor": doctor.display_name, "day": formats.date_format(last_day, "j F Y")}

    def to_doctor() -> Words:
        return Words(
            _("Your licence ends on %(day)s") % facts(),
            _("Upload the new licence before that day. After it patients cannot find or book you."),
            _("Upload the new licence"),
        )

    def to_clinic() -> Words:
        return Words(
            _("The licence of %(doctor)s ends on %(day)s") % facts(),
            _("After that day patients cannot find or book this doctor. We have reminded the doctor too."),
            _("Open the administration"),
        )

    _tell(event, [doctor.user], to_doctor, _own_page())
    if doctor.clinic is not None and doctor.clinic.is_open:
        _tell(event, leaders(doctor.clinic), to_clinic, clinic_url(doctor.clinic, "clinic_admin:index"))


@on("credential.ending")
def tell_paper_ends(event: OutboxEvent) -> None:
    """Of a paper that is not the licence: nobody is hidden for it."""
    paper = (
        DoctorCredential.objects.select_related("doctor__user", "doctor__clinic")
        .filter(pk=event.payload["credential_id"])
        .first()
    )
    if paper is None or paper.expires_at is None:
        return
    doctor, last_day, name = paper.doctor, paper.expires_at, paper.name

    def facts() -> dict[str, str]:
        return {"paper": name, "doctor": doctor.display_name, "day": formats.date_format(last_day, "j F Y")}

    def to_doctor() -> Words:
        return Words(
            _("One of your papers ends on %(day)s") % facts(),
            _("It is “%(paper)s”. Upload the new one before that day; patients find and book you meanwhile.") % facts(),
            _("See your papers"),
        )

    def to_clinic() -> Words:
        return Words(
            _("A paper of %(doctor)s ends on %(day)s") % facts(),
            _("It is “%(paper)s”. We have reminded the doctor, who stays bookable.") % facts(),
            _("Open the administration"),
        )

    _tell(event, [doctor.user], to_doctor, _own_page())
    if doctor.clinic is not None and doctor.clinic.is_open:
        _tell(event, leaders(doctor.clinic), to_clinic, clinic_url(doctor.clinic, "clinic_admin:index"))


def _tell(
    event: OutboxEvent,
    people: Iterable[User],
    words: Callable[[], Words],
    url: str,
    channels: Iterable[str] = EVERYWHERE,
) -> None:
    kind = NotificationType.VERIFICATION_STATUS
    tell(event.pk, map(reader, people), words, url=url, type=kind, channels=channels)


def _paper_line(name: dict[str, str]) -> str:
    return _("The paper: %(paper)s.") % name


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _own_page() -> str:
    return platform_url("accounts:join-doctor:home")


def _doctor(doctor_id: str) -> Doctor | None:
    return Doctor.objects.select_related("user", "clinic").filter(pk=doctor_id).first()


def _request(event: OutboxEvent) -> DoctorClinicRequest | None:
    return (
        DoctorClinicRequest.objects.select_related("doctor__user", "clinic")
        .filter(pk=event.payload["request_id"])
        .first()
    )


def _decision(event: OutboxEvent) -> VerificationDecision | None:
    return (
        VerificationDecision.objects.select_related("doctor__user", "doctor__clinic", "credential")
        .filter(pk=event.payload["decision_id"])
        .first()
    )

"""Who is told what of reviews. Nothing of what a patient wrote goes out: only that there is something, and where."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User, UserStatus
from accounts.selectors import language_of
from appointments.models import AppointmentStatus, Consultation
from appointments.notices.recipients import patient_side
from content.models import ModerationStatus, Review, ReviewAnswer
from content.selectors_reviews import works_at
from precta.hosts import clinic_url, platform_url
from precta.notifications.models import Channel, NotificationType
from precta.notifications.services import notify
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import current_clinic

EVERYWHERE = (Channel.PUSH, Channel.EMAIL)
INBOX = (Channel.PUSH,)


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    body: str
    action: str


@on("review.invited")
def ask_for_review(event: OutboxEvent) -> None:
    """In the clinic's schema. Not once the review is there, and nobody who works there."""
    clinic = current_clinic()
    seen = (
        Consultation.objects.select_related("appointment__patient__user", "appointment__doctor")
        .filter(pk=event.payload["consultation_id"], appointment__status=AppointmentStatus.COMPLETED)
        .first()
    )
    if clinic is None or not clinic.is_open or seen is None:
        return
    visit = seen.appointment
    if Review.objects.filter(patient=visit.patient_id, consultation_id=seen.pk).exists():
        return
    for person in patient_side(visit.patient):
        if person.user.pk == visit.doctor_id or works_at(person.user, clinic):
            continue
        with translation.override(person.language):
            names = {"doctor": visit.doctor.display_name, "clinic": clinic.name, "name": visit.patient.first_name}
            title = _("How was your visit with %(doctor)s?") % names
            body = _(
                "Stars and a few words help others to find the right doctor. Your whole name is never shown.\n\n"
                "The visit was at %(clinic)s, for %(name)s."
            )
            said = Words(title, body % names, _("Write a review"))

        def words(said: Words = said) -> Words:
            return said

        url = clinic_url(clinic, "content:patient:review", seen.pk)
        _tell(event, person.user, words, url, language=person.language)


@on("review.approved")
def tell_published(event: OutboxEvent) -> None:
    review = _review(event, ModerationStatus.APPROVED)
    if review is None:
        return
    names = {"doctor": review.doctor.display_name}
    page = platform_url("content:reviews:list", review.doctor_id)

    def to_author() -> Words:
        return Words(
            _("Your review is published"),
            _("Everybody can read now what you wrote about %(doctor)s. Thank you.") % names,
            _("See it among the others"),
        )

    def to_doctor() -> Words:
        return Words(
            _("You have a new review"),
            _("A patient’s review of a visit with you is published. You can answer it once, for everybody to read."),
            _("Read it"),
        )

    _tell(event, review.written_by, to_author, page)
    works_there = review.doctor.clinic_id == review.clinic_id and review.clinic.is_open
    url = clinic_url(review.clinic, "content:doctor:reviews") if works_there else page
    _tell(event, review.doctor.user, to_doctor, url)


@on("review.rejected")
def tell_rejected(event: OutboxEvent) -> None:
    review = _review(event, ModerationStatus.REJECTED)
    if review is None:
        return
    names = {"doctor": review.doctor.display_name}
    reason = review.rejection_reason

    def words() -> Words:
        said = _("We could not publish what you wrote about %(doctor)s.") % names
        return Words(_("Your review is not published"), f"{said}\n\n{reason}", _("See your review"))

    _tell(event, review.written_by, words, _own_page(review))


@on("review_answer.approved")
def tell_answered(event: OutboxEvent) -> None:
    """The reviewer, if the review is still there to be read, and the doctor."""
    answer = _answer(event, ModerationStatus.APPROVED)
    if answer is None or answer.review.moderation_status != ModerationStatus.APPROVED:
        return
    review = answer.review
    names = {"doctor": review.doctor.display_name}
    page = platform_url("content:reviews:list", review.doctor_id)

    def to_author() -> Words:
        return Words(
            _("%(doctor)s has answered your review") % names,
            _("The answer stands under your review, for everybody to read."),
            _("Read the answer"),
        )

    def to_doctor() -> Words:
        return Words(
            _("Your answer is published"), _("It stands under the review now, for everybody to read."), _("Read it")
        )

    _tell(event, review.written_by, to_author, page)
    _tell(event, review.doctor.user, to_doctor, page, INBOX)


@on("review_answer.rejected")
def tell_answer_rejected(event: OutboxEvent) -> None:
    answer = _answer(event, ModerationStatus.REJECTED)
    if answer is None:
        return
    review, reason = answer.review, answer.rejection_reason

    def words() -> Words:
        said = _("We could not publish your answer to a review.")
        return Words(_("Your answer is not published"), f"{said}\n\n{reason}", _("See your answer"))

    works_there = review.doctor.clinic_id == review.clinic_id and review.clinic.is_open
    url = (
        clinic_url(review.clinic, "content:doctor:review-answer", review.pk)
        if works_there
        else platform_url("content:reviews:list", review.doctor_id)
    )
    _tell(event, review.doctor.user, words, url)


def _tell(
    event: OutboxEvent,
    user: User,
    words: Callable[[], Words],
    url: str,
    channels: tuple[Channel, ...] = EVERYWHERE,
    language: str = "",
) -> None:
    """In the language that the person reads; nobody whom the portal has shut out."""
    if user.status == UserStatus.SUSPENDED:
        return
    language = language or language_of(user) or "en"
    with translation.override(language):
        said = words()
    notify(
        event_id=event.pk,
        user=user,
        type=NotificationType.GENERAL,
        title=said.title,
        body=said.body,
        data={"url": url, "action": said.action},
        language=language,
        channels=channels,
    )


def _own_page(review: Review) -> str:
    """A suspended clinic's host shows one page only; what is theirs people find under their own care."""
    if not review.clinic.is_open:
        return platform_url("content:me:reviews")
    return clinic_url(review.clinic, "content:patient:review", review.consultation_id)


def _review(event: OutboxEvent, state: ModerationStatus) -> Review | None:
    """The review, if it is still as the event says: what was decided after it has an event of its own."""
    rows = Review.objects.select_related("doctor__user", "clinic", "written_by")
    return rows.filter(pk=event.payload["review_id"], moderation_status=state).first()


def _answer(event: OutboxEvent, state: ModerationStatus) -> ReviewAnswer | None:
    rows = ReviewAnswer.objects.select_related("review__doctor__user", "review__clinic", "review__written_by")
    return rows.filter(pk=event.payload["answer_id"], moderation_status=state).first()

"""Who is told what of reviews. Nothing of what a patient wrote goes out: only that there is something, and where."""

from collections.abc import Callable, Iterable

from django.utils.translation import gettext as _

from accounts.models import UserStatus
from accounts.selectors import reader
from appointments.models import AppointmentStatus, Consultation
from appointments.notices.recipients import patient_side
from content.models import ModerationStatus, Review, ReviewAnswer
from content.selectors_reviews import has_page, works_at
from precta.hosts import clinic_url, platform_url
from precta.notifications.telling import EVERYWHERE, INBOX, Recipient, Words, tell
from precta.outbox.models import OutboxEvent
from precta.outbox.registry import on
from precta.tenancy import current_clinic

# What every doctor can open, wherever they work and whether they are verified.
PRACTICE = "accounts:join-doctor:home"


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
    people = [
        person
        for person in patient_side(visit.patient)
        if person.user.pk != visit.doctor_id and not works_at(person.user, clinic)
    ]

    def words() -> Words:
        names = {"doctor": visit.doctor.display_name, "clinic": clinic.name, "name": visit.patient.first_name}
        title = _("How was your visit with %(doctor)s?") % names
        body = _(
            "Stars and a few words help others to find the right doctor. Your whole name is never shown.\n\n"
            "The visit was at %(clinic)s, for %(name)s."
        )
        return Words(title, body % names, _("Write a review"))

    _tell(event, people, words, clinic_url(clinic, "content:patient:review", seen.pk))


@on("review.approved")
def tell_published(event: OutboxEvent) -> None:
    review = _review(event, ModerationStatus.APPROVED)
    if review is None:
        return
    names = {"doctor": review.doctor.display_name}
    public = _public_place(review)

    def to_author() -> Words:
        if public:
            said = _("Everybody can read now what you wrote about %(doctor)s. Thank you.") % names
            return Words(_("Your review is published"), said, _("See it among the others"))
        said = _("What you wrote about %(doctor)s is shown once patients find the doctor on Precta again. Thank you.")
        return Words(_("Your review is accepted"), said % names, _("My reviews"))

    def to_doctor() -> Words:
        if _works_there(review):
            said = _(
                "A patient’s review of a visit with you is published. You can answer it once, for everybody to read."
            )
        elif public:
            said = _("A patient’s review of a visit with you is published.")
        else:
            said = _("A patient’s review of a visit with you is accepted. It is shown once patients find you again.")
        return Words(_("You have a new review"), said, _("Read it") if place else _("My practice"))

    place = clinic_url(review.clinic, "content:doctor:reviews") if _works_there(review) else public
    _tell(event, [reader(review.written_by)], to_author, public or platform_url("content:me:reviews"))
    _tell(event, [reader(review.doctor.user)], to_doctor, place or platform_url(PRACTICE))


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

    _tell(event, [reader(review.written_by)], words, _own_page(review))


@on("review_answer.approved")
def tell_answered(event: OutboxEvent) -> None:
    """The reviewer, if the review is still there to be read, and the doctor."""
    answer = _answer(event, ModerationStatus.APPROVED)
    if answer is None or answer.review.moderation_status != ModerationStatus.APPROVED:
        return
    review = answer.review
    names = {"doctor": review.doctor.display_name}
    public = _public_place(review)

    def to_author() -> Words:
        said = _("The answer stands under your review, for everybody to read.")
        if not public:
            said = _("The answer stands under your review.")
        return Words(_("%(doctor)s has answered your review") % names, said, _("Read the answer"))

    def to_doctor() -> Words:
        said = _("It stands under the review now, for everybody to read.")
        if not public:
            said = _("It stands under the review, which is shown once patients find you again.")
        return Words(_("Your answer is published"), said, _("Read it") if public else _("My practice"))

    _tell(event, [reader(review.written_by)], to_author, public or platform_url("content:me:reviews"))
    _tell(event, [reader(review.doctor.user)], to_doctor, public or platform_url(PRACTICE), INBOX)


@on("review_answer.rejected")
def tell_answer_rejected(event: OutboxEvent) -> None:
    answer = _answer(event, ModerationStatus.REJECTED)
    if answer is None:
        return
    review, reason = answer.review, answer.rejection_reason

    def words() -> Words:
        said = _("We could not publish your answer to a review.")
        action = _("See your answer") if place else _("My practice")
        return Words(_("Your answer is not published"), f"{said}\n\n{reason}", action)

    place = clinic_url(review.clinic, "content:doctor:review-answer", review.pk) if _works_there(review) else ""
    _tell(event, [reader(review.doctor.user)], words, place or platform_url(PRACTICE))


def _tell(
    event: OutboxEvent,
    people: Iterable[Recipient],
    words: Callable[[], Words],
    url: str,
    channels: Iterable[str] = EVERYWHERE,
) -> None:
    """Nobody whom the portal has shut out."""
    let_in = [person for person in people if person.user.status != UserStatus.SUSPENDED]
    tell(event.pk, let_in, words, url=url, channels=channels)


def _works_there(review: Review) -> bool:
    """Whether the doctor can open the workspace in which it is answered."""
    doctor = review.doctor
    return doctor.has_workspace and doctor.clinic_id == review.clinic_id and review.clinic.is_open


def _public_place(review: Review) -> str:
    """Where everybody reads it; empty while nobody finds the doctor."""
    return platform_url("content:reviews:list", review.doctor_id) if has_page(review.doctor_id) else ""


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

"""What patients said of completed visits: most of it published, some waiting, some refused, some answered."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.db import connection

from accounts.models import Patient, User
from appointments.models import AppointmentStatus, Consultation
from clinics.models import Clinic
from content.models import ModerationStatus, Review, ReviewAnswer, ReviewReport
from precta.devstack.demo.dice import Dice

SHARE = 0.4
WITH_TEXT = 0.72
STARS = (5, 4, 3, 2, 1)
# How a doctor is liked: weights of five to one stars. Each doctor has one of them.
LIKED = ((70, 22, 5, 2, 1), (58, 28, 9, 3, 2), (48, 32, 12, 5, 3), (35, 33, 18, 9, 5))

Pool = tuple[tuple[str, ...], ...]
# One sentence of each group, the last ones not always.
SAID: dict[str, dict[str, Pool]] = {
    "en": {
        "good": (
            (
                "The doctor listened to the end before saying anything.",
                "I came in worried and left knowing what to do.",
                "Very patient with all my questions.",
                "Kind, calm and to the point.",
                "I was seen almost on the minute.",
                "The best explanation I have had from any doctor.",
                "My mother was treated with real respect.",
                "It was easy to talk here, even about things I find hard.",
                "A proper examination, nothing was rushed.",
            ),
            (
                "Each step was explained in words that I understand.",
                "I was told what is needed and what is not, so no money was wasted.",
                "The advice worked within a few days.",
                "The tests were explained before I agreed to them.",
                "I got a clear plan and the signs to watch for.",
                "The follow-up was arranged before I left.",
                "The prescription was on my phone before I reached the chemist.",
                "The small one was not even afraid.",
                "Paying by M-Pesa beforehand saved me the queue.",
            ),
            (
                "I will come back.",
                "I have sent my sister here too.",
                "Thank you.",
                "Worth the fee.",
                "Recommended.",
            ),
        ),
        "fair": (
            (
                "The visit itself was fine.",
                "Good advice, but it felt a little hurried.",
                "I waited about forty minutes after the time I had booked.",
                "The doctor knows the work, the rest could be better organised.",
            ),
            (
                "I would have liked more time for my questions.",
                "The reception was crowded and nobody told us how long it would take.",
                "The picture of the video froze twice.",
                "I had to ask again how to take the medicine.",
            ),
            ("Overall it was all right.", "I may come again.", "In the end I was helped."),
        ),
        "poor": (
            (
                "I waited over an hour, and the visit took six minutes.",
                "I did not feel that anybody listened to me.",
                "The video call broke off and it took long until somebody called back.",
                "I left with more questions than I came with.",
            ),
            (
                "Nobody said sorry for the delay.",
                "I had to go to another clinic the next day.",
                "The fee is high for what I got.",
                "Please give people the time that they book.",
            ),
        ),
    },
    "sw": {
        "good": (
            (
                "Daktari alinisikiliza hadi mwisho kabla ya kusema chochote.",
                "Nilifika nikiwa na wasiwasi, nikaondoka nikijua la kufanya.",
                "Mvumilivu sana kwa maswali yangu yote.",
                "Mpole, mtulivu na anaeleza wazi.",
                "Nilihudumiwa karibu kwa wakati kabisa.",
                "Mama yangu alihudumiwa kwa heshima ya kweli.",
                "Ilikuwa rahisi kuzungumza, hata mambo magumu.",
                "Uchunguzi wa kina, hakuna haraka yoyote.",
            ),
            (
                "Kila hatua ilielezwa kwa maneno ninayoyaelewa.",
                "Niliambiwa kinachohitajika na kisichohitajika, sikupoteza pesa.",
                "Ushauri ulinisaidia ndani ya siku chache.",
                "Nilipewa mpango wazi na dalili za kuangalia.",
                "Agizo la dawa lilifika kwenye simu kabla sijafika dukani.",
                "Mtoto hakuogopa hata kidogo.",
                "Kulipa kwa M-Pesa mapema kuliniokolea foleni.",
            ),
            ("Nitarudi tena.", "Asante sana.", "Ninapendekeza.", "Thamani ya pesa."),
        ),
        "fair": (
            (
                "Huduma yenyewe ilikuwa sawa.",
                "Ushauri mzuri, ila kulikuwa na haraka kidogo.",
                "Nilisubiri kama dakika arobaini baada ya muda niliopanga.",
            ),
            (
                "Ningependa muda zaidi wa maswali.",
                "Mapokezi palikuwa na watu wengi na hatukuambiwa tutasubiri hadi lini.",
                "Video ilikatika mara mbili.",
            ),
            ("Kwa ujumla ilikuwa sawa.", "Mwishowe nilisaidiwa."),
        ),
        "poor": (
            (
                "Nilisubiri zaidi ya saa moja, na miadi ikachukua dakika sita.",
                "Sikuhisi kama kuna aliyenisikiliza.",
                "Simu ya video ilikatika na ikachukua muda mrefu kupigiwa tena.",
            ),
            ("Hakuna aliyeomba radhi kwa kuchelewa.", "Ada ni kubwa kwa huduma niliyopata."),
        ),
    },
}
ANSWERS = {
    "good": (
        "Thank you for your kind words. They mean a lot to the whole team.",
        "Asante kwa maneno yako mazuri. Tunafurahi kukuhudumia.",
        "Thank you for taking the time to write this.",
    ),
    "poor": (
        "I am sorry about the wait. We have changed how visits follow each other in the afternoon.",
        "Thank you for telling us. Please call the clinic, so that we can put it right.",
        "Pole sana kwa kusubiri. Tumebadilisha ratiba ili jambo hili lisitokee tena.",
    ),
}
# Wait for a moderator in the demo, each with something that should not be overlooked.
WAITING = (
    (5, "en", "So helpful! If you want to know more, call me on 0712 345 678 or write to happy.patient@example.com."),
    (1, "en", "This man is an idiot and a thief, do not go there."),
    (4, "sw", "Huduma nzuri sana. Nilimpigia kwa namba 0722-000-111 na akanijibu usiku."),
    (1, "sw", "Daktari ni mjinga kabisa, alinipuuza."),
    (5, "en", "Dr {last} is the best. See www.cheap-medicine.example.com/offer for a discount."),
    (3, "en", "The visit was fine, but I waited long. {first} apologised in the end."),
)
REFUSED = (
    ("en", "Call 0733 111 222 for cheaper medicine.", "It has a phone number, an e-mail address or a link."),
    ("sw", "Wezi hawa!", "Yanatukana au kutisha. Tafadhali eleza kilichotokea kwa maneno ya utulivu."),
)

RATED = """
UPDATE accounts_doctor doctor SET average_rating = found.average, total_reviews = found.number
  FROM (SELECT doctor_id, round(avg(rating), 1) AS average, count(*) AS number FROM content_review
         WHERE moderation_status = 'approved' GROUP BY 1) found
 WHERE found.doctor_id = doctor.id
"""


@dataclass
class Opinions:
    reviews: list[Review] = field(default_factory=list)
    answers: list[ReviewAnswer] = field(default_factory=list)
    reports: list[ReviewReport] = field(default_factory=list)


class Critics:
    """Makes what was said of one clinic's completed consultations."""

    def __init__(
        self, dice: Dice, clinic: Clinic, guardians: dict[str, Patient], moderator: User, shown: Patient, now: datetime
    ) -> None:
        self.dice, self.clinic, self.guardians, self.moderator, self.now = dice, clinic, guardians, moderator, now
        self.shown = shown
        self.made = Opinions()
        self.liked: dict[str, tuple[int, ...]] = {}

    def build(self, consultations: Iterable[Consultation]) -> Opinions:
        """`shown` is the patient whom the demo's visitor signs in as: the latest visit waits for their own words."""
        over = [
            c
            for c in sorted(consultations, key=lambda c: c.started_at)
            if c.appointment.status == AppointmentStatus.COMPLETED and c.started_at < self.now - timedelta(days=1)
        ]
        mine = [c for c in over if c.appointment.patient.pk == self.shown.pk]
        self._special([c for c in over if c.appointment.patient.pk != self.shown.pk][-24:])
        said = {review.consultation_id for review in self.made.reviews}
        for consultation in over:
            if consultation in mine[-1:] or consultation.pk in said:
                continue
            if self.dice.chance(SHARE) or consultation in mine[-3:-1]:
                self._review(consultation)
        self._reports()
        return self.made

    def _special(self, latest: list[Consultation]) -> None:
        dice = self.dice
        chosen = dice.sample(latest, k=min(len(latest), len(WAITING) + len(REFUSED)))
        for consultation, (rating, language, text) in zip(chosen, WAITING, strict=False):
            doctor = consultation.appointment.doctor
            words = text.format(first=doctor.first_name, last=doctor.last_name)
            self._add(consultation, rating, language, words, ModerationStatus.PENDING)
        for consultation, (language, text, reason) in zip(chosen[len(WAITING) :], REFUSED, strict=False):
            self._add(consultation, 1, language, text, ModerationStatus.REJECTED, reason)

    def _review(self, consultation: Consultation) -> None:
        dice, doctor = self.dice, consultation.appointment.doctor
        weights = self.liked.setdefault(doctor.pk, LIKED[Random(doctor.pk).randrange(len(LIKED))])
        rating = dice.choices(STARS, weights)[0]
        writer = self._writer(consultation)
        if writer is None:
            return
        language = writer.preferred_language
        text = self._text(language, rating) if dice.chance(WITH_TEXT) else ""
        is_old = consultation.started_at < self.now - timedelta(days=4) or dice.chance(0.85)
        state = ModerationStatus.APPROVED if is_old else ModerationStatus.PENDING
        review = self._add(consultation, rating, language, text, state)
        if review is not None and is_old and text and dice.chance(0.3 if rating < 4 else 0.1):
            self._answer(review)

    def _text(self, language: str, rating: int) -> str:
        groups = SAID[language]["good" if rating >= 4 else "fair" if rating == 3 else "poor"]
        sure, last = groups[:2], groups[2:]
        parts = [self.dice.choice(group) for group in sure[: 1 + self.dice.chance(0.75)]]
        parts += [self.dice.choice(group) for group in last if self.dice.chance(0.5)]
        return " ".join(parts)

    def _writer(self, consultation: Consultation) -> Patient | None:
        patient = self.guardians.get(consultation.appointment.patient.pk, consultation.appointment.patient)
        return patient if patient.user.has_email else None

    def _add(
        self,
        consultation: Consultation,
        rating: int,
        language: str,
        text: str,
        state: ModerationStatus,
        reason: str = "",
    ) -> Review | None:
        writer, visit = self._writer(consultation), consultation.appointment
        if writer is None:
            return None
        written = min(
            consultation.started_at + timedelta(hours=self.dice.randint(25, 80)), self.now - timedelta(hours=1)
        )
        decided = None if state == ModerationStatus.PENDING else min(written + timedelta(hours=9), self.now)
        review = Review(
            id=self.dice.id(),
            patient=visit.patient,
            doctor=visit.doctor,
            clinic=self.clinic,
            consultation_id=consultation.pk,
            visited_on=consultation.started_at.astimezone(self.clinic.policy.tz).date(),
            written_by=writer.user,
            rating=rating,
            comment=text,
            language=language,
            is_anonymous=self.dice.chance(0.15),
            moderation_status=state,
            moderated_at=decided,
            moderated_by=self.moderator if decided else None,
            rejection_reason=reason,
            created_at=written,
        )
        self.made.reviews.append(review)
        return review

    def _answer(self, review: Review) -> None:
        assert review.moderated_at is not None
        is_waiting = self.dice.chance(0.1)
        at = min(review.moderated_at + timedelta(hours=20), self.now)
        self.made.answers.append(
            ReviewAnswer(
                id=self.dice.id(),
                review=review,
                text=self.dice.choice(ANSWERS["good" if review.rating >= 4 else "poor"]),
                moderation_status=ModerationStatus.PENDING if is_waiting else ModerationStatus.APPROVED,
                moderated_at=None if is_waiting else at,
                moderated_by=None if is_waiting else self.moderator,
                created_at=at,
            )
        )

    def _reports(self) -> None:
        """One that waits, by the doctor, and one that was dismissed."""
        harsh = [r for r in self.made.reviews if r.rating <= 2 and r.moderation_status == ModerationStatus.APPROVED]
        for review, is_open in zip(harsh[-2:], (True, False), strict=False):
            self.made.reports.append(
                ReviewReport(
                    id=self.dice.id(),
                    review=review,
                    reported_by=review.doctor.user,
                    reason="false",
                    details="We have no visit on that day with such a wait. Please look at it.",
                    created_at=self.now - timedelta(hours=30),
                    decided_at=None if is_open else self.now - timedelta(hours=3),
                    decided_by=None if is_open else self.moderator,
                    was_upheld=None if is_open else False,
                )
            )


def count_ratings() -> None:
    with connection.cursor() as cursor:
        cursor.execute(RATED)

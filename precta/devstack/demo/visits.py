"""Weekly windows, time off, and six weeks of visits to either side of today with their money."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from accounts.models import ClinicPatient, Consent, ConsentPurpose, Doctor, Patient, VerificationStatus
from appointments import reasons
from appointments.models import (
    Appointment,
    AppointmentStatus,
    Consultation,
    ConsultationAddendum,
    DoctorAvailability,
    TimeOff,
)
from clinics.models import Clinic
from precta.devstack.demo.dice import Dice
from precta.devstack.demo.money import Till
from precta.devstack.demo.notes import consultations
from precta.devstack.demo.people import Cast
from precta.payments.models import PaymentMethod

WEEKS = 6
SHAPES = (
    (("08:00", "13:00", 0), ("14:00", "17:00", 0), ("17:00", "19:00", 1)),
    (("09:00", "13:00", 0), ("14:00", "16:30", 1)),
    (("08:30", "12:30", 0), ("13:30", "17:30", 0)),
    (("10:00", "14:00", 1), ("15:00", "20:00", 1)),
)
FAMILY_FIELDS = {"general-practice", "dentistry", "dermatology", "ophthalmology", "ear-nose-throat"}
REASONS = (
    "Follow-up",
    "Fever for two days",
    "Headache that comes back",
    "Routine check",
    "Blood pressure check",
    "Cough, not getting better",
    "Vaccination advice",
    "Back pain after lifting",
    "Skin rash on the arms",
    "Results of the laboratory",
    "",
    "",
)


@dataclass
class Book:
    """What one clinic's schema will hold."""

    windows: list[DoctorAvailability] = field(default_factory=list)
    time_off: list[TimeOff] = field(default_factory=list)
    appointments: list[Appointment] = field(default_factory=list)
    moved: list[Appointment] = field(default_factory=list)
    links: dict[str, ClinicPatient] = field(default_factory=dict)
    consents: list[Consent] = field(default_factory=list)
    consultations: list[Consultation] = field(default_factory=list)
    addenda: list[ConsultationAddendum] = field(default_factory=list)


class Visits:
    def __init__(self, dice: Dice, clinic: Clinic, cast: Cast, till: Till, now: datetime) -> None:
        self.dice, self.clinic, self.cast, self.till, self.now = dice, clinic, cast, till, now
        self.tz = clinic.policy.tz
        self.today = now.astimezone(self.tz).date()
        self.book = Book()
        self.busy: set[tuple[str, date]] = set()
        self.reserved: tuple[Doctor, datetime] | None = None
        here = [p for p in cast.patients if p.clinic_id == clinic.pk]
        self.people = here + dice.sample(cast.patients, k=25)
        self.children = [p for p in cast.patients if p.pk in cast.guardians]
        self.adults = [p for p in self.people if p.pk not in cast.guardians]

    def build(self) -> Book:
        doctors = [d for d in self.cast.doctors if d.clinic_id == self.clinic.pk]
        if self.cast.doctors[0] is doctors[0]:
            self._video_visit_now(doctors[0])
        for number, doctor in enumerate(doctors):
            windows = self._windows(doctor, number)
            self.book.windows.extend(windows)
            if doctor.verification_status != VerificationStatus.VERIFIED:
                continue
            off = self._time_off(doctor, number)
            for offset in range(-7 * WEEKS, 7 * WEEKS):
                self._day(doctor, windows, off, self.today + timedelta(days=offset))
        self._visit_under_way(doctors[1])
        self._held_while_paying(doctors[:2])
        self._at_the_desk()
        self.book.consultations, self.book.addenda = consultations(self.dice, self.book.appointments, self.now)
        return self.book

    def _windows(self, doctor: Doctor, number: int) -> list[DoctorAvailability]:
        days = [1, 2, 3, 4, 5] if number % 3 else [1, 2, 4, 5, 6]
        if number == 0:
            # The doctor whom visitors sign in as has a day to show whenever they come.
            days = list(range(7))
        made = []
        for start, end, kind in SHAPES[number % 4]:
            mode = doctor.consultation_modes[min(kind, len(doctor.consultation_modes) - 1)]
            made += [
                DoctorAvailability(
                    id=self.dice.id(),
                    doctor=doctor,
                    day_of_week=day,
                    start_time=time.fromisoformat(start),
                    end_time=time.fromisoformat(end),
                    consultation_mode=mode,
                )
                for day in days
            ]
        return made

    def _time_off(self, doctor: Doctor, number: int) -> tuple[date, date] | None:
        if number % 5 != 3:
            return None
        first = self.today + timedelta(days=self.dice.randint(8, 25))
        last = first + timedelta(days=self.dice.randint(1, 4))
        self.book.time_off.append(
            TimeOff(
                id=self.dice.id(),
                doctor=doctor,
                starts_at=datetime.combine(first, time(), self.tz),
                ends_at=datetime.combine(last + timedelta(days=1), time(), self.tz),
                reason="Training",
            )
        )
        return first, last

    def _day(self, doctor: Doctor, windows: list[DoctorAvailability], off: tuple[date, date] | None, day: date) -> None:
        if off and off[0] <= day <= off[1]:
            return
        step = timedelta(minutes=doctor.consultation_duration_minutes + self.clinic.policy.buffer_minutes)
        length = timedelta(minutes=doctor.consultation_duration_minutes)
        offset = (day - self.today).days
        full = 0.35 if offset <= 0 else max(0.04, 0.32 - offset * 0.012)
        for window in windows:
            if window.day_of_week != day.isoweekday() % 7:
                continue
            at = datetime.combine(day, window.start_time, self.tz).astimezone(UTC)
            end = datetime.combine(day, window.end_time, self.tz).astimezone(UTC)
            while at + length <= end:
                if self.dice.chance(full) and not self._is_reserved(doctor, at, step):
                    self._visit(doctor, window.consultation_mode, at)
                at += step

    def _visit(
        self, doctor: Doctor, mode: str, at: datetime, *, certain: bool = False, patient: Patient | None = None
    ) -> None:
        patient = patient or self._free_patient(doctor, at)
        if patient is None:
            return
        dice = self.dice
        payer = self.cast.guardians.get(patient.pk, patient)
        booked = min(at, self.now) - timedelta(days=dice.randint(1, 9), minutes=dice.randint(5, 600))
        visit = Appointment(
            id=dice.id(),
            patient=patient,
            doctor=doctor,
            clinic=self.clinic,
            booked_by=payer.user,
            scheduled_at=at,
            duration_minutes=doctor.consultation_duration_minutes,
            buffer_minutes=self.clinic.policy.buffer_minutes,
            consultation_type=mode,
            status=AppointmentStatus.CONFIRMED,
            notes=dice.choice(REASONS),
            fee=doctor.consultation_fee,
            refund_steps=self.clinic.policy.stored_refund_steps(),
            idempotency_key=dice.id(),
            created_at=booked,
        )
        self._admit(patient, payer, booked)
        ended = at + timedelta(minutes=visit.duration_minutes)
        fate = 0.5 if certain else dice.random()
        if fate < 0.03 and visit.fee:
            self._never_paid(visit, booked)
        elif fate < 0.11:
            self._cancelled(visit, payer, booked, by_doctor=fate < 0.05)
        else:
            self._take_money(visit, booked)
            if ended < self.now:
                visit.status = AppointmentStatus.NO_SHOW if fate > 0.95 else AppointmentStatus.COMPLETED
                if visit.status == AppointmentStatus.COMPLETED:
                    visit.arrived_at = at - timedelta(minutes=dice.randint(0, 12))
            elif at <= self.now:
                visit.status = AppointmentStatus.IN_PROGRESS
                visit.arrived_at = at - timedelta(minutes=3)
            elif at - self.now < timedelta(minutes=40):
                visit.arrived_at = self.now - timedelta(minutes=5)
        self.book.appointments.append(visit)

    def _video_visit_now(self, doctor: Doctor) -> None:
        """The two whom visitors sign in as meet in a video room that is open when the demo starts: for a child, whom
        a paediatrician sees."""
        at = self.now + timedelta(minutes=5)
        guardian = self.cast.patients[0]
        patient = next((c for c in self.children if self.cast.guardians[c.pk] is guardian), guardian)
        self.reserved = (doctor, at)
        self.busy.add((patient.pk, date.fromordinal(at.astimezone(self.tz).date().toordinal() // 21 * 21)))
        self._visit(doctor, "video", at, certain=True, patient=patient)
        self.book.appointments[-1].arrived_at = None

    def _is_reserved(self, doctor: Doctor, at: datetime, step: timedelta) -> bool:
        return self.reserved is not None and self.reserved[0] is doctor and abs(at - self.reserved[1]) < step

    def _visit_under_way(self, doctor: Doctor) -> None:
        """One visit is going on at this minute, whatever the hour of the demo's start."""
        at = self.now - timedelta(minutes=8)
        length = timedelta(minutes=doctor.consultation_duration_minutes + self.clinic.policy.buffer_minutes)
        near = [v for v in self.book.appointments if v.doctor is doctor and abs(v.scheduled_at - at) < length]
        if not near:
            self._visit(doctor, doctor.consultation_modes[0], at, certain=True)

    def _held_while_paying(self, doctors: list[Doctor]) -> None:
        """Two patients are paying right now; their holds run out like any other."""
        for doctor in doctors:
            visits = [v for v in self.book.appointments if v.doctor is doctor and v.status == "confirmed" and v.fee]
            latest = max(visits, key=lambda v: v.scheduled_at, default=None)
            if latest is None:
                continue
            latest.status = AppointmentStatus.PENDING_PAYMENT
            latest.created_at = self.now
            latest.hold_expires_at = self.now + self.clinic.policy.hold
            assert latest.payment is not None
            self.till.not_yet(latest.payment, self.now)

    def _at_the_desk(self) -> None:
        """Each seventh visit at the clinic was paid there in cash, and a few patients who waited got a part back."""
        seen = [
            visit
            for visit in self.book.appointments
            if visit.status == AppointmentStatus.COMPLETED and visit.payment and visit.consultation_type == "in_person"
        ]
        self.till.in_cash((v.payment for v in seen[::7] if v.payment), self.cast.staff[self.clinic.slug])
        for visit in seen[3::60]:
            if visit.payment and visit.payment.method != PaymentMethod.CASH and visit.fee > 500:
                at = min(visit.scheduled_at + timedelta(hours=1), self.now)
                self.till.refund_part(visit.payment, visit, 500, at)

    def _free_patient(self, doctor: Doctor, at: datetime) -> Patient | None:
        """Nobody sees two doctors on one day, and a suspended person books nothing.

        The family that visitors sign in as comes once in three weeks: a list as long as a person's. Children go to
        those who treat children, grown-ups to the others.
        """
        day = at.astimezone(self.tz).date()
        people = self.children if "paediatrics" in doctor.specialties else self.adults
        if FAMILY_FIELDS & set(doctor.specialties):
            people = self.people
        for _ in range(6):
            patient = self.dice.choice(people)
            slot = day
            if self.cast.guardians.get(patient.pk, patient) is self.cast.patients[0]:
                if self.dice.chance(0.8):  # else the first doctor would have all of them
                    continue
                slot = date.fromordinal(day.toordinal() // 21 * 21)
            if (patient.pk, slot) not in self.busy and patient.user.status == "active":
                self.busy.add((patient.pk, slot))
                return patient
        return None

    def _admit(self, patient: Patient, payer: Patient, booked: datetime) -> None:
        if patient.pk in self.book.links:
            return
        self.book.links[patient.pk] = ClinicPatient(id=self.dice.id(), clinic=self.clinic, patient=patient)
        self.book.consents.append(
            Consent(
                id=self.dice.id(),
                patient=patient,
                clinic=self.clinic,
                given_by=payer.user,
                purpose=ConsentPurpose.CLINIC_CARE,
                text_version="demo",
                text="I agree that this clinic keeps my records for my care.",
            )
        )

    def _take_money(self, visit: Appointment, booked: datetime) -> None:
        if visit.fee:
            visit.payment = self.till.paid(self.clinic, visit, booked + timedelta(minutes=self.dice.randint(1, 9)))

    def _never_paid(self, visit: Appointment, booked: datetime) -> None:
        visit.payment = self.till.failed(self.clinic, visit, booked)
        visit.status = AppointmentStatus.CANCELLED
        visit.cancellation_reason = reasons.HOLD_EXPIRED
        visit.hold_expires_at = booked + self.clinic.policy.hold
        visit.cancelled_at = visit.hold_expires_at
        visit.refund_due = Decimal(0)

    def _cancelled(self, visit: Appointment, payer: Patient, booked: datetime, *, by_doctor: bool) -> None:
        latest = min(visit.scheduled_at, self.now) - timedelta(minutes=30)
        when = max(booked + timedelta(hours=1), latest - timedelta(hours=self.dice.randint(0, 60)))
        self._take_money(visit, booked)
        percent = 100 if by_doctor else self.clinic.policy.refund_percent(visit.scheduled_at - when)
        visit.status = AppointmentStatus.CANCELLED
        visit.cancelled_at = when
        visit.cancelled_by = visit.doctor.user if by_doctor else payer.user
        visit.cancellation_reason = "The doctor was called to an emergency" if by_doctor else "Plans changed"
        visit.refund_due = (visit.fee * percent / 100).quantize(Decimal("0.01"))
        if visit.payment and visit.refund_due:
            self.till.refund(visit.payment, visit, when)

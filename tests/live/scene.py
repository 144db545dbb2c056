"""People of one test's own at the running portal, and what they do by plain HTTP."""

import secrets
from datetime import timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

from accounts.models import Doctor, Patient
from accounts.services.search_index import index_doctor
from appointments.models import Appointment
from appointments.services.projections import refresh_doctor
from appointments.slots import Slot, free_slots
from appointments.week import moment_key
from clinics.models import Clinic
from precta import clock, hosts
from precta.ids import new_id
from precta.payments.models import Payment
from precta.tenancy import clinic_context
from tests import factories
from tests.live.stack import Answer, Stack, until

_numbers = count(secrets.randbelow(90_000_000))


def new_phone() -> str:
    """A number that nobody used before: one phone is rung twelve times an hour at most. The stand-in lets it wait."""
    return f"07{(next(_numbers) * 10 + 5) % 100_000_000:08d}"


FIRST_NAMES = ("Achieng", "Barasa", "Chebet", "Daudi", "Esther", "Fatuma", "Gitau", "Halima", "Ian", "Jelimo")


class Scene:
    """Doctors with free times all week, patients known to Uzima, their sessions. Nobody is shared between tests."""

    def __init__(self, live: Stack) -> None:
        self.phone = new_phone()
        self.live = live
        self.uzima = Clinic.objects.get(slug="uzima")
        self.pwani = Clinic.objects.get(slug="pwani")
        self._sessions: dict[str, str] = {}
        self._number = 0

    # People

    def _email(self) -> str:
        return f"{new_id()}@example.test"

    def doctor(self, clinic: Clinic | None = None, *, hours: tuple[str, str] = ("08:00", "18:00"), **extra: Any):
        self._number += 1
        extra.setdefault("first_name", FIRST_NAMES[self._number % len(FIRST_NAMES)])
        extra.setdefault("last_name", "M" + new_id()[:7])
        doctor = factories.make_doctor(clinic or self.uzima, email=self._email(), **extra)
        factories.make_full_week(doctor, *hours)
        index_doctor(doctor_id=doctor.pk)
        refresh_doctor(doctor.pk)
        return Doctor.objects.select_related("clinic", "user").get(pk=doctor.pk)

    def patient(
        self, first_name: str = "Amina", *, known_to: tuple[Clinic, ...] | None = None, **extra: Any
    ) -> Patient:
        extra.setdefault("last_name", "Hassan")
        patient = factories.make_patient(first_name, email=self._email(), **extra)
        for clinic in (self.uzima,) if known_to is None else known_to:
            factories.link_patient(patient, clinic)
        return patient

    def staff(self, role: str = "front_desk", clinic: Clinic | None = None):
        return factories.make_staff(clinic or self.uzima, role, email=self._email())

    def session(self, person: Any) -> str:
        user = getattr(person, "user", person)
        if user.pk not in self._sessions:
            self._sessions[user.pk] = self.live.session_of(user)
        return self._sessions[user.pk]

    # Times

    def free(self, doctor: Doctor, *, mode: str = "in_person", days_ahead: int = 2) -> list[Slot]:
        """Free times of the doctor from the day after tomorrow on, in order."""
        with clinic_context(doctor.clinic):
            first = clock.now().astimezone(doctor.clinic.policy.tz).date() + timedelta(days=days_ahead)
            days = free_slots(doctor=doctor, clinic=doctor.clinic, mode=mode, first_day=first, days=5)
        return [slot for slots in days.values() for slot in slots]

    # What they do

    def post_booking(self, patient: Patient, doctor: Doctor, slot: Slot, **fields: Any) -> Answer:
        data = {
            "at": moment_key(slot.starts_at),
            "mode": slot.mode,
            "for_whom": patient.pk,
            "notes": "A cough",
            "method": "mpesa",
            "phone": self.phone,
            "key": new_id(),
        } | fields
        return self.live.request(
            "POST",
            f"/book/{doctor.pk}/",
            host=hosts.clinic_host(doctor.clinic),
            session=self.session(patient),
            data=data,
        )

    def hold(self, patient: Patient, doctor: Doctor, slot: Slot | None = None, **fields: Any) -> Appointment:
        """Book by HTTP; the visit, which waits for its payment."""
        answer = self.post_booking(patient, doctor, slot or self.free(doctor)[0], **fields)
        assert answer.status == 302, answer.text[:2000]
        return self.visit(doctor.clinic, answer.location.split("/")[2])

    def pay(self, visit: Appointment, method: str = "mpesa", *, timeout: float = 30) -> Answer:
        """Press the button of the payment page."""
        return self.live.request(
            "POST",
            f"/appointments/{visit.pk}/pay/",
            host=hosts.clinic_host(visit.clinic),
            session=self.session(visit.booked_by),
            data={"method": method, "phone": self.phone},
            timeout=timeout,
        )

    def look(self, visit: Appointment, page: str = "", *, who: Any = None) -> Answer:
        return self.live.request(
            "GET",
            f"/appointments/{visit.pk}/{page}",
            host=hosts.clinic_host(visit.clinic),
            session=self.session(who or visit.booked_by),
        )

    # What became of it

    def visit(self, clinic: Clinic, pk: str) -> Appointment:
        with clinic_context(clinic):
            found = Appointment.objects.select_related("payment", "booked_by", "doctor").get(pk=pk)
        found.clinic = found.doctor.clinic = clinic
        return found

    def now(self, visit: Appointment) -> Appointment:
        return self.visit(visit.clinic, visit.pk)

    def payments(self, visit: Appointment) -> list[Payment]:
        with clinic_context(visit.clinic):
            found = Payment.objects.filter(subject_id=visit.pk).prefetch_related("refunds").order_by("created_at")
            return list(found)

    def reference(self, visit: Appointment) -> str:
        return self.payments(visit)[-1].provider_reference

    def comes_to(self, visit: Appointment, status: str, *, seconds: float = 20) -> Appointment:
        """Wait until the visit has this status."""
        until(lambda: self.now(visit).status == status, lambda: f"{status}, it is {self.now(visit).status}", seconds)
        return self.now(visit)

    def alter(self, model: type, pk: str, clinic: Clinic, **values: Any) -> None:
        """Let time pass for a row, or break it: straight into the database."""
        with clinic_context(clinic):
            assert model._default_manager.filter(pk=pk).update(**values) == 1

    def cast(self) -> SimpleNamespace:
        return SimpleNamespace(patient=self.patient(), doctor=self.doctor())

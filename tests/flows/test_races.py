"""Many people reach for the same time at the same moment, through the front door of the running portal."""

import threading
from collections import Counter

from django.db.models import Q

from appointments.models import Appointment
from precta.tenancy import clinic_context
from tests import factories

RUNNERS = 50


def run_together(calls):
    """Every call in a thread of its own, all let go at once; their results in the calls' order."""
    gate = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def run(number, call):
        gate.wait()
        results[number] = call()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def attempt(scene, patient, doctor, slot):
    scene.session(patient)  # made here: a thread of its own would open a connection of its own
    return lambda: scene.post_booking(patient, doctor, slot).status


def live_visits(doctor):
    with clinic_context(doctor.clinic):
        return Appointment.objects.live().filter(doctor=doctor).count()


def test_of_fifty_people_on_one_time_one_gets_it_and_the_others_are_told(scene):
    doctor = scene.doctor()
    slot = scene.free(doctor)[0]
    people = [scene.patient() for _ in range(RUNNERS)]
    statuses = Counter(run_together([attempt(scene, person, doctor, slot) for person in people]))
    assert statuses == {302: 1, 409: RUNNERS - 1}
    assert live_visits(doctor) == 1


def test_overlapping_times_in_two_clinics_have_one_winner_each(scene):
    calls, doctors = [], []
    for clinic in (scene.uzima, scene.pwani):
        doctor = factories.make_doctor(clinic)
        for day in range(7):
            factories.make_window(doctor, day, "08:00", "12:00", "in_person")
            factories.make_window(doctor, day, "08:15", "12:15", "video")
        doctors.append(doctor)
        # Half an hour from 8:00 at the clinic and from 8:15 by video: different times, the same doctor.
        slots = [scene.free(doctor, mode=mode)[0] for mode in ("in_person", "video")]
        assert (slots[1].starts_at - slots[0].starts_at).total_seconds() == 900
        people = [scene.patient(known_to=(clinic,)) for _ in range(RUNNERS // 2)]
        calls += [attempt(scene, person, doctor, slots[number % 2]) for number, person in enumerate(people)]
    statuses = run_together(calls)
    half = RUNNERS // 2
    for doctor, its in zip(doctors, (statuses[:half], statuses[half:]), strict=True):
        assert Counter(its) == {302: 1, 409: half - 1}
        assert live_visits(doctor) == 1


def test_one_person_who_presses_twice_has_one_visit(scene):
    doctor, patient = scene.doctor(), scene.patient()
    slot = scene.free(doctor)[0]
    scene.session(patient)
    answers = run_together([lambda: scene.post_booking(patient, doctor, slot, key="pressed-twice")] * 8)
    assert {answer.status for answer in answers} == {302}
    assert len({answer.location for answer in answers}) == 1
    assert live_visits(doctor) == 1


def test_every_loser_keeps_the_details_and_is_offered_other_times(scene):
    doctor, first, second = scene.doctor(), scene.patient(), scene.patient("Peter")
    slot = scene.free(doctor)[0]
    scene.hold(first, doctor, slot)
    page = scene.post_booking(second, doctor, slot, notes="My knee hurts")
    assert page.status == 409
    assert "My knee hurts" in page.text
    assert page.text.count('name="at"') >= 2
    with clinic_context(doctor.clinic):
        assert not Appointment.objects.filter(Q(patient=second)).exists()

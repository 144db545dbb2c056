from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from accounts.models import Guardianship, UserStatus
from accounts.policies import may_act_for
from accounts.selectors import patients_of, years_before
from tests import factories


@pytest.fixture
def child(cast):
    child = factories.make_patient("Zuri", "Hassan", date_of_birth=date(2020, 5, 1))
    Guardianship.objects.create(guardian=cast.patient, child=child)
    return child


def test_a_patient_acts_for_themselves_and_their_children_in_this_order(cast, child):
    assert [p.pk for p in patients_of(cast.patient.user)] == [cast.patient.pk, child.pk]
    assert may_act_for(cast.patient.user, child)
    assert not may_act_for(cast.other_patient.user, child)
    assert not may_act_for(cast.patient.user, cast.other_patient)


def test_a_guardianship_ends_when_it_is_stopped(cast, child):
    Guardianship.objects.update(ended_at=timezone.now())
    assert not may_act_for(cast.patient.user, child)


def test_a_guardianship_ends_when_the_child_comes_of_age(cast, child):
    assert child in patients_of(cast.patient.user, today=date(2038, 4, 30))
    assert child not in patients_of(cast.patient.user, today=date(2038, 5, 1))


def test_a_child_born_on_29_february_comes_of_age_on_1_march():
    assert years_before(date(2038, 2, 28), 18) == date(2020, 2, 28)
    assert years_before(date(2024, 2, 29), 18) == date(2006, 3, 1)


def test_a_suspended_person_acts_for_nobody_and_a_stranger_neither(cast, child):
    cast.patient.user.status = UserStatus.SUSPENDED
    assert not patients_of(cast.patient.user).exists()
    assert not patients_of(AnonymousUser()).exists()


def test_somebody_without_a_patient_profile_acts_for_nobody(cast):
    assert not patients_of(cast.staff).exists()

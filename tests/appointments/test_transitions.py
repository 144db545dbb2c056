"""Which status may follow which: every pair, and the race for one."""

from datetime import UTC, datetime
from itertools import product

import pytest

from appointments.exceptions import InvalidTransition
from appointments.models import TRANSITIONS, Appointment, AppointmentStatus
from appointments.services.transitions import move
from tests import factories

AT = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
CANCELLED = {"cancelled_at": AT, "refund_due": 0}


@pytest.mark.usefixtures("in_uzima")
@pytest.mark.parametrize(("was", "to"), list(product(AppointmentStatus.values, repeat=2)))
def test_a_visit_changes_only_as_the_table_says(cast, was, to):
    visit = factories.make_appointment(cast.patient, cast.doctor, AT, status=was)
    changes = CANCELLED if to == AppointmentStatus.CANCELLED else {}
    if to in TRANSITIONS[was]:
        assert move(visit, to, **changes).status == to
        assert Appointment.objects.get().status == to
    else:
        with pytest.raises(InvalidTransition):
            move(visit, to, **changes)
        assert visit.status == Appointment.objects.get().status == was


@pytest.mark.usefixtures("in_uzima")
def test_who_comes_second_is_told_what_the_first_one_did(cast):
    visit = factories.make_appointment(cast.patient, cast.doctor, AT)
    stale = Appointment.objects.get(pk=visit.pk)
    move(visit, AppointmentStatus.CANCELLED, **CANCELLED)
    with pytest.raises(InvalidTransition) as refusal:
        move(stale, AppointmentStatus.COMPLETED)
    assert refusal.value.current == AppointmentStatus.CANCELLED
    assert stale.status == AppointmentStatus.CONFIRMED

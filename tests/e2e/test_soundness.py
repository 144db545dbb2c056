"""Run after all that used the running portal (see tests/conftest.py): its data is sound and its logs keep quiet."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import Patient, User
from tests.live.stack import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

SWEEPS = (
    "appointments.tasks.expire_holds_all",
    "precta.payments.tasks.reconcile_all",
    "precta.payments.tasks.sweep_refunds_all",
    "precta.outbox.tasks.sweep",
    "precta.notifications.tasks.sweep",
)
WRITTEN = ("A cough at night", "My left knee", "My knee hurts", "Secret reason")


def broken():
    out = StringIO()
    try:
        call_command("check_invariants", "--json", stdout=out)
    except SystemExit:
        return json.loads(out.getvalue())
    return {}


def test_every_invariant_holds_after_all_that_was_done(live):
    live.standin.settle_refunds()
    for task in SWEEPS:
        live.send_task(task)
    until(lambda: live.queued() == 0, "the queue is empty", seconds=60)
    until(lambda: not broken(), lambda: f"sound data, broken: {broken()}", seconds=30)


def test_the_logs_hold_nothing_that_patients_wrote_or_are_called(live):
    names = set(Patient.objects.values_list("last_name", flat=True))
    mails = set(User.objects.values_list("email", flat=True))
    for name in ("web", "worker"):
        log = (live.folder / f"{name}.log").read_text(errors="replace")
        told = [word for word in (*WRITTEN, *names, *mails) if len(word) > 4 and word in log]
        assert not told, (name, told[:5])

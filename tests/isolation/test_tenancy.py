"""The host picks the clinic; nothing else does, and nothing of one clinic is in another's hands."""

import threading
from copy import copy
from datetime import UTC, datetime, timedelta

import pytest
from celery import shared_task
from celery.schedules import crontab, maybe_schedule
from django.conf import settings
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.utils.module_loading import import_string

from appointments.models import Appointment
from clinics.models import Clinic
from precta.fanout import each_clinic
from precta.tenancy import NoSchemaError, TenantTask, clinic_context, current_clinic, current_schema
from tests.factories import make_appointment

pytestmark = pytest.mark.django_db


def get(host, path="/"):
    return Client(HTTP_HOST=host).get(path)


@pytest.mark.parametrize(
    "host",
    [
        "nowhere.precta.localhost",
        "uzima.precta.localhost.evil.example",
        "evil.example",
        "public.precta.localhost",
        "clinic_uzima.precta.localhost",
        "precta.localhost.",
        "a b",
        "",
    ],
)
def test_an_unknown_host_is_a_404_page(db, host):
    response = get(host)
    assert response.status_code == 404
    assert current_schema() == "public"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:8000", "[::1]"])
def test_a_bare_local_host_leads_to_the_platform(db, host):
    assert get(host, "/doctors/?city=Nairobi")["Location"] == "http://precta.localhost:8000/doctors/?city=Nairobi"


def test_a_suspended_clinic_says_so_and_leads_to_the_other_clinics(uzima):
    Clinic.objects.filter(pk=uzima.pk).update(status="suspended")
    for path in ("/", "/doctors/", "/admin/", "/workspace/", "/nonsense/"):
        response = get("uzima.precta.localhost", path)
        assert response.status_code == 404
        assert "http://precta.localhost:8000/clinics/" in response.content.decode()


def test_the_port_and_the_case_of_the_host_do_not_matter(uzima):
    assert get("UZIMA.precta.localhost:8000").status_code == 200


def test_after_an_error_in_a_clinic_the_thread_is_back_in_public(uzima):
    with pytest.raises(RuntimeError), clinic_context(uzima):
        raise RuntimeError
    assert current_schema() == "public"
    assert current_clinic() is None


def test_a_new_thread_starts_in_public(uzima):
    seen = []
    with clinic_context(uzima):
        thread = threading.Thread(target=lambda: (seen.append(current_schema()), connection.close()))
        thread.start()
        thread.join()
    assert seen == ["public"]


def test_the_same_cache_key_is_another_entry_at_another_clinic(uzima, pwani):
    with clinic_context(uzima):
        cache.set("rate", "uzima")
    with clinic_context(pwani):
        assert cache.get("rate") is None
        cache.set("rate", "pwani")
    with clinic_context(uzima):
        assert cache.get("rate") == "uzima"
    assert cache.get("rate") is None


def test_files_lie_in_the_clinics_own_folder_whoever_asked_first(uzima, pwani):
    paths = []
    for clinic in (uzima, pwani, uzima):
        with clinic_context(clinic):
            paths.append(default_storage.path("scan.pdf"))
    assert paths[0] == paths[2] != paths[1]
    assert uzima.schema_name in paths[0]
    assert pwani.schema_name in paths[1]


def test_rows_of_one_clinic_do_not_exist_at_the_other(cast):
    from django.utils import timezone

    visit = make_appointment(cast.patient, cast.doctor, timezone.now())
    with clinic_context(cast.pwani):
        assert not Appointment.objects.filter(pk=visit.pk).exists()


ran: list[tuple[str, str | None]] = []


@shared_task
def note_where() -> None:
    clinic = current_clinic()
    ran.append((current_schema(), clinic.slug if clinic else None))


def test_a_task_runs_in_the_schema_in_which_it_was_queued(uzima):
    ran.clear()
    with clinic_context(uzima):
        note_where.delay()
    note_where.delay()
    assert ran == [("clinic_uzima", "uzima"), ("public", None)]


def test_a_task_without_a_schema_is_refused(db):
    with pytest.raises(NoSchemaError):
        note_where.apply(headers={TenantTask.header: ""})


def test_a_task_for_a_schema_that_does_not_exist_is_refused_rather_than_run_in_public(db):
    ran.clear()
    with pytest.raises(NoSchemaError):
        note_where.apply(headers={TenantTask.header: "clinic_gone"})
    assert ran == []


def test_what_no_worker_took_in_time_is_left_to_the_next_beat(uzima, pwani, monkeypatch):
    asked = []
    monkeypatch.setattr(note_where, "apply_async", lambda **options: asked.append(options["expires"]))
    each_clinic(note_where)
    assert asked == [300, 300]
    for job in settings.CELERY_BEAT_SCHEDULE.values():
        assert callable(import_string(job["task"]))
        assert job["options"]["expires"] == job["schedule"] or isinstance(job["schedule"], crontab)


def test_a_beat_that_is_started_anew_every_quarter_of_an_hour_still_comes_to_every_job():
    day = datetime(2027, 3, 1, tzinfo=UTC)
    starts = [day + timedelta(minutes=15 * number) for number in range(4 * 24)]
    for name, job in settings.CELERY_BEAT_SCHEDULE.items():
        waits = []
        for at in starts:
            schedule = copy(maybe_schedule(job["schedule"]))
            schedule.nowfun = lambda at=at: at
            waits.append(schedule.remaining_estimate(at))  # as for a job that never ran
        assert min(waits) < timedelta(minutes=15), name


def test_a_beat_job_fans_out_one_task_for_each_clinic_suspended_ones_included(uzima, pwani):
    Clinic.objects.filter(pk=pwani.pk).update(status="suspended")
    ran.clear()
    assert each_clinic(note_where) == 2
    assert sorted(ran) == [("clinic_pwani", "pwani"), ("clinic_uzima", "uzima")]
    ran.clear()
    assert each_clinic(note_where, only_active=True) == 1

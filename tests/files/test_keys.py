"""Each schema seals under a key of its own, keys change while files are in use, and nothing half-written is there."""

import io
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.storage import FileSystemStorage, storages
from django.core.management import call_command
from django.db import connection

from clinics.services.creation import create_clinic
from precta import clock
from precta.files import keys, orphans, rotation, store
from precta.files.checks import check_upload
from precta.files.exceptions import FileUnreadable
from precta.files.models import FileKey
from precta.files.sealing import FIRST_FORMAT, Key, seal
from precta.files.whole import Pieces
from precta.tenancy import clinic_context
from tests.files import corpus

NEW = "ab" * 32


@pytest.fixture(autouse=True)
def _empty_store(monkeypatch, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("private"))
    for name in ("base_location", "location"):
        monkeypatch.setitem(storages["private"].__dict__, name, folder)


def paper():
    return check_upload(corpus.upload(corpus.pdf(padding=100_000)))


def first_format(data: bytes, place: str) -> bytes:
    """A file as the portal sealed it before clinics had keys: the same, but a master wraps the data key itself."""
    master, nonce = keys.masters()[0], os.urandom(12)
    data_key = os.urandom(32)
    head = FIRST_FORMAT + master.name + nonce
    head += AESGCM(master.secret).encrypt(nonce, data_key, FIRST_FORMAT + place.encode())
    return head + AESGCM(data_key).encrypt(b"\0" * 11 + b"\1", data, b"\0" * 11 + b"\1")


def put_first_format(data: bytes, place: str) -> str:
    return storages["private"].save(place, io.BytesIO(first_format(data, place)))


@pytest.mark.django_db
def test_each_schema_has_a_key_of_its_own_made_at_first_use(uzima, pwani):
    for clinic in (uzima, pwani):
        with clinic_context(clinic):
            FileKey.objects.all().delete()
            first, second = store.put(paper(), folder="records"), store.put(paper(), folder="records")
            assert FileKey.objects.count() == 1
            assert store.wrapped_under(first) == store.wrapped_under(second)
            assert store.read_stored(first) == store.read_stored(second)
    assert keys.active_key(uzima.schema_name).secret != keys.active_key(pwani.schema_name).secret


@pytest.mark.django_db
def test_another_clinics_row_and_another_clinics_file_open_nothing(uzima, pwani, settings):
    with clinic_context(uzima):
        stored = store.put(paper(), folder="records")
        row = FileKey.objects.get(is_active=True)
    strayed = stored.replace(uzima.schema_name, pwani.schema_name)
    with storages["private"].open(stored) as sealed:
        storages["private"].save(strayed, io.BytesIO(sealed.read()))
    with clinic_context(pwani):
        with pytest.raises(FileUnreadable):
            store.open_stored(strayed)  # Pwani has no such key
        FileKey.objects.all().delete()
        row.save(force_insert=True)  # and with Uzima's row in its table it does not open either
        with pytest.raises(FileUnreadable):
            store.open_stored(strayed)
        with pytest.raises(FileUnreadable):
            keys.active_key(pwani.schema_name)
    with clinic_context(uzima):
        assert store.read_stored(stored).startswith(b"%PDF")


@pytest.mark.django_db
def test_the_platforms_files_open_at_clinics_without_their_keys(uzima):
    stored = store.put(paper(), folder="credentials/d1")
    keys._known.clear()
    with clinic_context(uzima):
        assert store.read_stored(stored).startswith(b"%PDF")
        assert connection.schema_name == uzima.schema_name


@pytest.mark.django_db
def test_a_new_clinic_inherits_no_key(uzima):
    with clinic_context(uzima):
        store.put(paper(), folder="records")
    born = create_clinic(name="New", slug="newborn")
    with clinic_context(born):
        assert not FileKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_first_files_at_once_make_one_key(uzima):
    start, names = threading.Barrier(4), []

    def seal_one():
        try:
            with clinic_context(uzima):
                start.wait()
                names.append(keys.active_key(uzima.schema_name).name)
        finally:
            connection.close()

    threads = [threading.Thread(target=seal_one) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(names) == 4 and len(set(names)) == 1
    with clinic_context(uzima):
        assert FileKey.objects.count() == 1


@pytest.mark.django_db
def test_changing_the_master_loses_nothing_and_the_old_one_can_be_dropped(uzima, settings, capsys):
    old = settings.FILES_KEY
    with clinic_context(uzima):
        stored = store.put(paper(), folder="records")
    public = store.put(paper(), folder="credentials/d1")
    settings.FILES_KEY = f"{NEW},{old}"
    call_command("rotate_file_keys")
    call_command("rotate_file_keys")  # again: nothing is left to do
    settings.FILES_KEY = NEW
    keys._known.clear()
    with clinic_context(uzima):
        assert store.read_stored(stored).startswith(b"%PDF")
        assert store.read_stored(store.put(paper(), folder="records")).startswith(b"%PDF")
    assert store.read_stored(public).startswith(b"%PDF")
    settings.FILES_KEY = old
    keys._known.clear()  # what the process remembers stays right; another one knows nothing
    with clinic_context(uzima), pytest.raises(FileUnreadable):
        store.open_stored(stored)


@pytest.mark.django_db
def test_new_keys_take_over_every_file_and_old_ones_go_when_none_needs_them(uzima, settings):
    schema = uzima.schema_name
    with clinic_context(uzima):
        stored = [store.put(paper(), folder="records") for _ in range(3)]
        ancient = put_first_format(b"ancient", f"{schema}/records/ancient")
        assert store.read_stored(ancient) == b"ancient"
        before = FileKey.objects.get(is_active=True)
        done = rotation.rotate(schema, new_key=True)
        assert (done.files, done.unreadable, done.retired) == (4, 0, 1)
        assert FileKey.objects.filter(pk=before.pk).exists()  # an upload may just be using it
        done = rotation.rotate(schema, now=clock.now() + timedelta(hours=2))
        assert (done.files, done.removed) == (0, 1)
        assert not FileKey.objects.filter(pk=before.pk).exists()
        keys._known.clear()
        assert all(store.read_stored(key).startswith(b"%PDF") for key in stored)
        assert store.read_stored(ancient) == b"ancient"


@pytest.mark.django_db
def test_a_rotation_broken_off_anywhere_leaves_every_file_open_and_is_finished_later(uzima, monkeypatch):
    schema = uzima.schema_name
    with clinic_context(uzima):
        stored = [store.put(paper(), folder="records") for _ in range(4)]
        real, calls = store.rewrap, []

        def breaks(key):
            calls.append(key)
            if len(calls) == 3:
                raise KeyboardInterrupt
            real(key)

        monkeypatch.setattr(store, "rewrap", breaks)
        with pytest.raises(KeyboardInterrupt):
            rotation.rotate(schema, new_key=True)
        monkeypatch.setattr(store, "rewrap", real)
        keys._known.clear()
        assert all(store.read_stored(key).startswith(b"%PDF") for key in stored)
        done = rotation.rotate(schema, now=clock.now() + timedelta(hours=2))
        assert (done.files, done.removed) == (2, 1)
        keys._known.clear()
        assert all(store.read_stored(key).startswith(b"%PDF") for key in stored)


@pytest.mark.django_db
def test_no_key_goes_while_the_store_looks_empty(uzima, monkeypatch, tmp_path):
    """A folder that is not mounted, a bucket of another name: the files are elsewhere and need their key."""
    schema = uzima.schema_name
    with clinic_context(uzima):
        stored = store.put(paper(), folder="records")
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(store, "_private", lambda: FileSystemStorage(location=tmp_path))
            rotation.rotate(schema, new_key=True)
            done = rotation.rotate(schema, now=clock.now() + timedelta(hours=2))
            assert (done.removed, done.retired) == (0, 1)
        keys._known.clear()
        assert store.read_stored(stored).startswith(b"%PDF")


@pytest.mark.django_db
def test_a_key_that_an_unreadable_file_names_is_kept_and_told(uzima, capsys):
    with clinic_context(uzima):
        stored = store.put(paper(), folder="records")
        path = Path(storages["private"].path(stored))
        sealed = bytearray(path.read_bytes())
        sealed[30] ^= 1
        path.write_bytes(sealed)
    with pytest.raises(SystemExit):
        call_command("rotate_file_keys", "--new-keys", "--clinic", "uzima")
    assert "1 files do not open" in capsys.readouterr().out


def test_a_store_that_fails_half_way_leaves_nothing(tmp_path):
    def breaks():
        yield b"x" * 100_000
        raise OSError("No space left on device")

    for kind in (storages.create_storage({"BACKEND": "precta.files.whole.WholeFiles"}).__class__,):
        folder = kind(location=tmp_path, directory_permissions_mode=0o700, file_permissions_mode=0o600)
        with pytest.raises(OSError):
            folder.save("a/b", Pieces(breaks(), "a/b"))
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        folder.save("a/b", Pieces(iter([b"1", b"2"]), "a/b"))
        assert (tmp_path / "a/b").read_bytes() == b"12"
        assert (tmp_path / "a/b").stat().st_mode & 0o077 == 0
        assert (tmp_path / "a").stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_any_other_store_that_fails_is_tidied_up_after(uzima, monkeypatch, tmp_path):
    plain = FileSystemStorage(location=tmp_path)  # writes under the name itself
    monkeypatch.setattr(store, "_private", lambda: plain)
    monkeypatch.setattr(store, "seal", lambda *_a, **_k: iter_that_breaks())
    with clinic_context(uzima), pytest.raises(OSError):
        store.put(paper(), folder="records")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def iter_that_breaks():
    yield b"x" * 1000
    raise OSError("the store went away")


def test_a_store_that_reads_gets_the_same_as_one_that_takes_pieces():
    key, data = Key(b"k" * 8, b"\1" * 32), os.urandom(200_000)
    sealed = Pieces(seal(io.BytesIO(data), place="a/b", under=key), "a/b")
    assert sealed.seek(0) == 0
    read = b"".join(iter(lambda: sealed.read(10_000), b""))
    assert len(read) == 72 + 200_000 + 4 * 16
    with pytest.raises(OSError):
        sealed.seek(0)


@pytest.mark.django_db
def test_files_that_no_row_names_are_swept_after_a_day(uzima):
    with clinic_context(uzima):
        lost = store.put(paper(), folder="records")
        half = Path(storages["private"].path(lost)).with_name("x.1234abcd.part")
        half.write_bytes(b"half")
        elsewhere = store.put(paper(), folder="somebody-elses")
        assert orphans.sweep() == 0
        assert orphans.sweep(now=clock.now() + timedelta(days=2)) == 2
        with pytest.raises(FileUnreadable):
            store.open_stored(lost)
        assert not half.exists()
        assert store.read_stored(elsewhere)


@pytest.mark.django_db
def test_what_rows_name_is_never_swept(cast):
    from tests import factories

    application = factories.make_application(cast.patient.user)
    orphans.sweep(now=clock.now() + timedelta(days=2))
    assert store.read_stored(application.licence_file)

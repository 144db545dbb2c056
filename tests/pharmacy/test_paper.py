"""The PDF, read back: its text, its tags, its QR code; and that a paper is never wrong or missing."""

import io
from datetime import date, timedelta
from unittest.mock import patch

import pypdfium2
import pytest
import zxingcpp
from django.core.files.storage import FileSystemStorage
from django.utils import translation
from pypdf import PdfReader

from pharmacy.models import Prescription
from pharmacy.notices import draw_paper
from pharmacy.pdf import rendering
from pharmacy.pdf.rendering import age_words, draw, verify_url
from pharmacy.services.papers import paper_of
from precta import clock
from precta.files import orphans, store
from precta.outbox.models import OutboxEvent
from precta.tenancy import clinic_context
from tests.pharmacy.conftest import PLANTS, issue, line

pytestmark = pytest.mark.django_db

HOSTILE = {
    "typst's code": '#eval("1 + 1") #include "/etc/passwd" #sys.inputs',
    "typst's markup": "= Title *bold* _it_ $x^2$ @ref <label> `raw` ~ -- \\ /* x */ // y",
    "brackets": "] } ) #[ #{ \"' \\u{41}",
    "HTML": "<script>alert(1)</script> &amp; <b>bold</b>",
    "a spreadsheet's formula": '=cmd|"/C calc"!A0 +1 -1 @SUM(A1)',
    "JSON": '{"a": "b\\n"}',
    "Swahili": "Ng'ombe wa Ng'ang'a, siku tano",
    "letters": "Žofia Åse Ñandú Łódź Ŵ ẽ — ½ µg ≥ °C €",
}


def reader_of(issued, clinic):
    with clinic_context(clinic):
        return PdfReader(io.BytesIO(draw(issued, clinic)))


def text_of(issued, clinic):
    return " ".join(" ".join(page.extract_text().split()) for page in reader_of(issued, clinic).pages)


def test_it_tells_who_what_for_whom_and_how_long(visit, cast):
    type(cast.doctor).objects.filter(pk=cast.doctor.pk).update(license_number="KMPDC A1234")
    cast.patient.date_of_birth = date(1990, 5, 17)
    cast.patient.save(update_fields=["date_of_birth"])
    issued = issue(visit, line("Amoxicillin 500 mg capsule", instructions="After food"), instructions="Drink\nwater")
    text = text_of(issued, cast.uzima)
    for said in (
        *(
            "Uzima Clinic",
            "1 Moi Avenue, Nairobi",
            "Dr Achieng Njoroge",
            "Licence KMPDC A1234",
            "Amina Hassan",
            "years",
        ),
        *("Amoxicillin 500 mg capsule", "1 tablet", "3 times a day", "5 days", "After food", "Drink", "water"),
        *("Prescription", "Valid until", issued.verification_code),
    ):
        assert said in text, said


def test_it_is_a_tagged_pdf_with_language_and_title(visit, cast):
    reader = reader_of(issue(visit), cast.uzima)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en"
    assert reader.metadata.title == "Prescription"
    assert "pdfuaid" in root["/Metadata"].get_data().decode()
    for unwanted in ("/OpenAction", "/AA", "/AcroForm", "/Names"):
        assert unwanted not in root, unwanted


def test_it_speaks_the_patients_language(visit, cast):
    cast.patient.preferred_language = "sw"
    cast.patient.save(update_fields=["preferred_language"])
    issued = issue(visit)
    reader = reader_of(issued, cast.uzima)
    assert reader.trailer["/Root"]["/Lang"] == "sw"
    text = text_of(issued, cast.uzima)
    for said in ("Mgonjwa", "Dawa", "Ilitolewa", "Linatumika hadi"):
        assert said in text, said
    assert "Valid until" not in text


def test_its_qr_code_opens_the_page_that_checks_it(visit, cast):
    issued = issue(visit)
    with clinic_context(cast.uzima):
        document = pypdfium2.PdfDocument(draw(issued, cast.uzima))
    picture = document[0].render(scale=3).to_pil()
    [found] = zxingcpp.read_barcodes(picture)
    assert found.text == verify_url(issued)
    assert found.text == f"http://precta.localhost:8000/rx/{issued.verification_code}/"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_people_wrote_is_text_and_nothing_else(visit, cast, text):
    cast.patient.last_name = text[:60]
    cast.patient.save(update_fields=["last_name"])
    issued = issue(visit, line(text[:100], dosage=text[:100], instructions=text), instructions=text)
    reader = reader_of(issued, cast.uzima)
    read = "".join("".join(page.extract_text() for page in reader.pages).split())
    assert read.count("".join(text.split())) >= 3


def test_what_turns_the_direction_is_left_out(visit, cast):
    cast.patient.last_name = "\u202enassaH"
    cast.patient.save(update_fields=["last_name"])
    assert "\u202e" not in text_of(issue(visit), cast.uzima)


def test_a_letter_that_no_font_has_never_keeps_the_paper_back(visit, cast):
    issued = issue(visit, line("Paracetamol 漢字 \U0001f489 \u1885"))
    assert "Paracetamol" in text_of(issued, cast.uzima)
    assert reader_of(issued, cast.uzima).trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_twenty_long_lines_go_on_over_several_pages(visit, cast):
    lines = [
        line(f"Tea of {PLANTS[n % 12]}{PLANTS[n % 7]} " + "l" * 120, instructions="word " * 49 + "word")
        for n in range(20)
    ]
    reader = reader_of(issue(visit, *lines), cast.uzima)
    assert len(reader.pages) > 1
    text = " ".join(page.extract_text() for page in reader.pages)
    assert all(f"Tea of {PLANTS[n % 12]}{PLANTS[n % 7]} " in text for n in range(20))


@pytest.mark.parametrize(
    ("born", "words"),
    [
        (date(2026, 11, 28), "0 months"),
        (date(2026, 10, 28), "1 month"),
        (date(2024, 11, 29), "23 months"),
        (date(2024, 11, 28), "2 years"),
        (date(1990, 11, 29), "35 years"),
    ],
)
def test_an_age_is_told_in_months_below_two_years(born, words):
    with translation.override("en"):
        assert age_words(born, date(2026, 11, 28)) == words


# Where it lies


def fresh(issued):
    return Prescription.objects.with_people().get(pk=issued.pk)


def test_it_is_drawn_once_kept_encrypted_and_found_by_its_key(visit, cast):
    issued = issue(visit, line("Zorillamycin"))
    with clinic_context(cast.uzima):
        key = paper_of(prescription=fresh(issued), clinic=cast.uzima)
        assert key.startswith("clinic_uzima/prescriptions/")
        assert store.read_stored(key).startswith(b"%PDF-")
        assert b"%PDF-" not in store._private().open(key).read()
        with patch("pharmacy.services.papers.draw", side_effect=AssertionError("drawn again")):
            assert paper_of(prescription=fresh(issued), clinic=cast.uzima) == key


def test_the_task_draws_it_and_once_more_does_no_harm(visit, cast):
    issued = issue(visit)
    with clinic_context(cast.uzima):
        event = OutboxEvent.objects.get(kind="prescription.issued")
        draw_paper(event)
        key = fresh(issued).pdf_url
        draw_paper(event)
        assert fresh(issued).pdf_url == key


def test_of_two_who_draw_at_once_one_file_stays(visit, cast):
    issued = issue(visit)
    with clinic_context(cast.uzima):
        slow, quick = fresh(issued), fresh(issued)
        key = paper_of(prescription=quick, clinic=cast.uzima)
        put = store.put
        kept = []
        with patch.object(store, "put", side_effect=lambda *args, **named: kept.append(put(*args, **named)) or kept[0]):
            assert paper_of(prescription=slow, clinic=cast.uzima) == key
        assert not store._private().exists(kept[0])


def test_a_replaced_one_says_so_on_its_paper_though_it_was_drawn_before(visit, cast):
    old = issue(visit)
    with clinic_context(cast.uzima):
        before = paper_of(prescription=fresh(old), clinic=cast.uzima)
        new = issue(visit, line("Ibuprofen"), replaces=old, replacement_reason="x")
        after = paper_of(prescription=fresh(old), clinic=cast.uzima)
        assert after != before
        assert not store._private().exists(before)
        text = PdfReader(io.BytesIO(store.read_stored(after))).pages[0].extract_text()
        assert "Not valid any more" in " ".join(text.split())
        assert "Not valid" not in text_of(fresh(new), cast.uzima)


def test_a_paper_that_no_row_names_is_swept_and_no_other(visit, cast, monkeypatch, tmp_path):
    monkeypatch.setattr(store, "_private", lambda: FileSystemStorage(location=tmp_path))
    old, new = issue(visit), issue(visit, line("Ibuprofen"))
    issue(visit, line("Diclofenac"), replaces=old, replacement_reason="x")
    with clinic_context(cast.uzima):
        kept = [paper_of(prescription=fresh(one), clinic=cast.uzima) for one in (old, new)]
        with patch.object(Prescription.objects.all().__class__, "update", side_effect=KeyboardInterrupt):
            third = Prescription.objects.with_people().get(replaces=old.pk)
            with pytest.raises(KeyboardInterrupt):
                paper_of(prescription=third, clinic=cast.uzima)
        assert orphans.sweep() == 0  # somebody may just be about to name it
        assert orphans.sweep(now=clock.now() + timedelta(days=2)) == 1
        assert all(store.read_stored(key).startswith(b"%PDF") for key in kept)


def test_a_file_that_got_lost_is_drawn_anew(visit, cast):
    issued = issue(visit)
    with clinic_context(cast.uzima):
        first = paper_of(prescription=fresh(issued), clinic=cast.uzima)
        store.delete(first)
        again = paper_of(prescription=fresh(issued), clinic=cast.uzima)
        assert again != first
        assert fresh(issued).pdf_url == again
        assert store.read_stored(again)


def test_what_typst_itself_refuses_is_an_error_and_no_empty_paper(visit, cast):
    issued = issue(visit)
    with clinic_context(cast.uzima), patch.object(rendering, "_source", lambda template: b"#panic()"):
        with pytest.raises(Exception, match="panicked"):
            paper_of(prescription=fresh(issued), clinic=cast.uzima)
        assert fresh(issued).pdf_url == ""

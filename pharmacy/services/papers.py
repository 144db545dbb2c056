"""The PDF of a prescription: drawn once after it was issued, or when somebody asks before that.

Drawing takes tens of milliseconds and the store may be far away, so neither happens in a transaction. Between the file
and the row that names it a process may die: what is left then is a file that nobody knows, which the nightly sweep
removes, and the next request draws another.
"""

from contextlib import suppress

from django.db import transaction

from clinics.models import Clinic
from pharmacy.models import Prescription
from pharmacy.pdf.rendering import draw
from precta.files import store
from precta.files.checks import PDF, CheckedUpload
from precta.files.exceptions import FileUnreadable

FOLDER = "prescriptions"
# A prescription that was replaced says so on its paper, which therefore lies in another place.
FOLDER_OF_REPLACED = "prescriptions/replaced"


def paper_of(*, prescription: Prescription, clinic: Clinic) -> str:
    """The key of the PDF that tells the prescription as it stands now, drawn if there is none yet.

    Runs in the clinic's schema, outside any transaction; `prescription` comes from `with_people()`. Two at once draw
    twice, and the first one's file stays.
    """
    if _is_there(prescription):
        return prescription.pdf_url
    with transaction.atomic(durable=True):
        pass  # raises RuntimeError inside a transaction
    old = prescription.pdf_url
    key = store.put(_file(draw(prescription, clinic)), folder=_folder(prescription))
    if not Prescription.objects.filter(pk=prescription.pk, pdf_url=old).update(pdf_url=key):
        store.delete(key)
        key = Prescription.objects.values_list("pdf_url", flat=True).get(pk=prescription.pk)
    elif old:
        with suppress(FileUnreadable):
            store.delete(old)
    prescription.pdf_url = key
    return key


def file_name(prescription: Prescription) -> str:
    """What the file is called where it is saved: nothing of the patient or of what they take."""
    return f"prescription-{prescription.issued_at:%Y-%m-%d}-{prescription.verification_code[-7:]}.pdf"


def _folder(prescription: Prescription) -> str:
    return FOLDER_OF_REPLACED if prescription.replacement is not None else FOLDER


def _is_there(prescription: Prescription) -> bool:
    if prescription.pdf_url.rpartition("/")[0].partition("/")[2] != _folder(prescription):
        return False
    try:
        return store.size_stored(prescription.pdf_url) > 0
    except FileUnreadable:
        return False


def _file(data: bytes) -> CheckedUpload:
    return CheckedUpload(content_type=PDF, extension="pdf", name="prescription.pdf", data=data)

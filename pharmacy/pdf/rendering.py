"""A prescription as a tagged PDF (PDF/UA-1) in the patient's language.

What people wrote is handed to typst as data (`sys.inputs`), never as a part of its source. typst and zxing are loaded
where something is drawn: a web worker that draws nothing does without them.
"""

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.selectors import years_before
from clinics.models import Clinic
from pharmacy.models import Prescription
from precta import hosts
from precta.text import printable

TEMPLATE = Path(__file__).parent / "prescription.typ"


def draw(prescription: Prescription, clinic: Clinic) -> bytes:
    """The PDF of `prescription` as it stands now; one that was replaced says so on every page.

    With a letter that typst's fonts lack, those of the machine are asked, and when they lack it, too, a box stands for
    it: the file is then tagged all the same, only PDF/UA does not vouch for it.
    """
    return draw_with(TEMPLATE, inputs_of(prescription, clinic))


def draw_with(template: Path, inputs: dict[str, str]) -> bytes:
    """What typst makes of `template`, with the machine's fonts and without PDF/UA where its own do not suffice."""
    import typst

    # typst's own fonts first, so that the same paper looks alike on every machine.
    for own_fonts_only in (True, False):
        try:
            return compile_pdf(inputs, own_fonts_only=own_fonts_only, template=template)
        except typst.TypstError as error:
            if "could not be displayed" not in str(error):
                raise
    return compile_pdf(inputs, own_fonts_only=False, vouched=False, template=template)


def inputs_of(prescription: Prescription, clinic: Clinic) -> dict[str, str]:
    """What the template is given: its data as JSON, and the QR code as SVG."""
    with translation.override(prescription.patient.preferred_language):
        data = _data(prescription, clinic)
    return {"data": json.dumps(data, ensure_ascii=False), "qr": qr_code(verify_url(prescription))}


def verify_url(prescription: Prescription) -> str:
    return hosts.platform_url("pharmacy:verify", prescription.verification_code)


def qr_code(text: str) -> str:
    """A QR code as SVG, with the quiet zone that readers need."""
    import zxingcpp

    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return code.to_svg(add_quiet_zones=True)


def age_words(born: date, on: date) -> str:
    """How old somebody was on a day: in months below two years, else in years."""
    years = on.year - born.year
    years -= born > years_before(on, years)
    if years >= 2:
        return ngettext("%(count)d year", "%(count)d years", years) % {"count": years}
    months = max(0, (on.year - born.year) * 12 + on.month - born.month - (on.day < born.day))
    return ngettext("%(count)d month", "%(count)d months", months) % {"count": months}


@cache
def _source(template: Path) -> bytes:
    return template.read_bytes()


def compile_pdf(
    inputs: dict[str, str], *, own_fonts_only: bool = True, vouched: bool = True, template: Path = TEMPLATE
) -> bytes:
    """What typst makes of the template with these inputs; `vouched` as PDF/UA-1. Raises typst.TypstError."""
    import typst

    return typst.compile(
        _source(template),
        format="pdf",
        sys_inputs=inputs,
        pdf_standards="ua-1" if vouched else None,
        ignore_system_fonts=own_fonts_only,
    )


def _data(prescription: Prescription, clinic: Clinic) -> dict[str, Any]:
    head = {name: printable(str(value)) for name, value in prescription.letterhead.items()}
    issued = timezone.localtime(prescription.issued_at, clinic.policy.tz)
    born = prescription.letterhead.get("born")
    replacement = prescription.replacement
    valid = ""
    if prescription.valid_until:
        valid = _("Valid until %(day)s") % {"day": _day(prescription.valid_until)}
    replaced = ""
    if replacement is not None:
        on = timezone.localtime(replacement.issued_at, clinic.policy.tz).date()
        replaced = _("Replaced by another prescription on %(day)s. Not valid any more.") % {"day": _day(on)}
    return {
        "lang": translation.get_language(),
        "clinic": head.get("clinic", ""),
        "address": head.get("address", ""),
        "phone": head.get("phone", ""),
        "doctor": head.get("doctor", ""),
        "licence": head.get("licence", ""),
        "patient": head.get("patient", ""),
        "age": age_words(date.fromisoformat(born), issued.date()) if born else "",
        "issued": _day(issued.date()),
        "valid": valid,
        "lines": [{name: printable(text) for name, text in line.items()} for line in prescription.medications],
        "instructions": "\n".join(printable(line) for line in prescription.instructions.splitlines()),
        "code": prescription.verification_code,
        "address-of-check": hosts.platform_url("pharmacy:check"),
        "replaced": replaced,
        "words": _words(translation.get_language()),
    }


@cache
def _words(language: str) -> dict[str, str]:
    """What stands on every paper in the active language, which is `language`."""
    return {
        "title": _("Prescription"),
        "licence": _("Licence"),
        "patient": _("Patient"),
        "issued": _("Issued"),
        "medicines": _("Medicines"),
        "instructions": _("General instructions"),
        "code": _("Code"),
        "qr": _("QR code that opens the page where this prescription is checked"),
        "check": _("Check that it is genuine: scan the code, or type it at"),
        "replaced": _("Replaced"),
    }


def _day(day: date) -> str:
    return formats.date_format(day, "j F Y")

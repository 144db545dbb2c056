"""The labels on the packs of an order: one page of a label's size for each dispensed line."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils import formats, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics.models import Clinic
from pharmacy.models import Order
from pharmacy.pdf.rendering import draw_with
from precta.text import printable

if TYPE_CHECKING:
    from pharmacy.selectors_desk import Line

TEMPLATE = Path(__file__).parent / "labels.typ"


def draw_labels(order: Order, lines: "list[Line]", clinic: Clinic) -> bytes:
    """The PDF; `lines` are those of which packs were dispensed."""
    return draw_with(TEMPLATE, inputs_of(order, lines, clinic))


def inputs_of(order: Order, lines: "list[Line]", clinic: Clinic) -> dict[str, str]:
    """What the template is given, in the patient's language."""
    with translation.override(order.patient.preferred_language):
        data = {
            "lang": translation.get_language(),
            "title": _("Labels of order %(number)s") % {"number": order.number},
            "clinic": printable(clinic.name),
            "where": printable(" · ".join(part for part in (clinic.address, clinic.phone) if part)),
            "patient": printable(order.patient.full_name),
            "number": order.number,
            "labels": [_label(line, clinic) for line in lines],
            "keep": _("Keep out of the reach of children."),
        }
    return {"data": json.dumps(data, ensure_ascii=False)}


def _label(line: "Line", clinic: Clinic) -> dict[str, Any]:
    medicine = line.item.medicine
    how, _end, note = line.item.directions.partition("\n")
    given = line.given[-1]
    day = formats.date_format(given.dispensed_at.astimezone(clinic.policy.tz), "j M Y")
    packs = ngettext("%(count)d pack of %(size)d %(unit)s", "%(count)d packs of %(size)d %(unit)s", line.given_packs)
    return {
        "medicine": printable(
            " ".join(part for part in (str(medicine), str(medicine.get_form_display()).lower()) if part)
        ),
        "brand": printable(medicine.brand_name),
        "packs": packs % {"count": line.given_packs, "size": medicine.pack_size, "unit": medicine.pack_unit},
        "how": printable(how) or _("Use it as the leaflet in the pack says."),
        "note": printable(note),
        "batches": [
            _("Batch %(number)s, expires %(day)s")
            % {"number": printable(number), "day": formats.date_format(expires, "M Y")}
            for number, expires in sorted({(row.batch.number, row.batch.expires_on) for row in line.given})
        ],
        "by": _("Dispensed by %(name)s on %(day)s") % {"name": printable(given.by_name), "day": day},
    }

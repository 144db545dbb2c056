"""Prescriptions and orders in a patient's history."""

from django.utils.translation import gettext_lazy as _

from appointments.timeline.sources import EntryKind, Source, timeline_source
from pharmacy.models import OrderStatus

PRESCRIPTIONS = timeline_source(
    Source(
        kind=EntryKind.PRESCRIPTION,
        label=_("Prescriptions"),
        one=_("Prescription"),
        icon="pill",
        order=30,
        states={"valid": _("Valid"), "replaced": _("Replaced"), "expired": _("Expired")},
        branch="""
SELECT {clinic} AS clinic_id, 'prescription' AS kind, p.id,
       COALESCE(p.appointment_id, '') AS subject_id, p.issued_at AS at, p.patient_id, p.doctor_id,
       CASE WHEN EXISTS (SELECT 1 FROM {schema}.pharmacy_prescription r WHERE r.replaces_id = p.id) THEN 'replaced'
            WHEN p.valid_until < (%(now)s AT TIME ZONE {zone})::date THEN 'expired'
            ELSE 'valid' END AS state,
       (SELECT string_agg(line ->> 'name', ', ' ORDER BY place)
          FROM jsonb_array_elements(p.medications) WITH ORDINALITY lines(line, place)) AS title,
       '' AS detail
  FROM {schema}.pharmacy_prescription p
 WHERE p.patient_id = ANY(%(patients)s)
""",
    )
)

ORDERS = timeline_source(
    Source(
        kind=EntryKind.ORDER,
        label=_("Orders"),
        one=_("Order"),
        icon="package",
        order=50,
        states={value: OrderStatus(value).label for value in OrderStatus.values},
        # Who reads as a doctor is shown none: orders are between the patient and the pharmacy. What was never paid for
        # is no order.
        branch="""
SELECT {clinic} AS clinic_id, 'order' AS kind, o.id, '' AS subject_id, o.created_at AS at, o.patient_id,
       NULL AS doctor_id, o.status AS state,
       COALESCE((SELECT string_agg(i.name, '; ' ORDER BY i.position) FROM {schema}.pharmacy_orderitem i
                  WHERE i.order_id = o.id AND i.quantity > 0), '') AS title,
       '' AS detail
  FROM {schema}.pharmacy_order o
 WHERE o.patient_id = ANY(%(patients)s) AND o.placed_at IS NOT NULL AND COALESCE(%(reader)s, '') = ''
""",
    )
)

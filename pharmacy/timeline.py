"""Prescriptions in a patient's history."""

from django.utils.translation import gettext_lazy as _

from appointments.timeline.sources import EntryKind, Source, timeline_source

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

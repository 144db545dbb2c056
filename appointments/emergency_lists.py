"""What somebody of the platform can read of a clinic's visits and money once they have broken the glass.

Neither what the patient wrote for the visit nor the provider's raw answers nor the payer's phone.
"""

from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment
from clinics.emergency import DataList, data_list
from precta.payments.models import Payment, Refund
from precta.templatetags.precta_tags import money

data_list(
    DataList(
        kind="visits",
        title=_("Visits"),
        order=10,
        rows=lambda clinic: Appointment.objects.select_related("patient", "doctor").order_by("-scheduled_at", "pk"),
        columns=(
            (_("Time"), lambda row: row.scheduled_at),
            (_("Patient"), lambda row: row.patient),
            (_("Doctor"), lambda row: row.doctor),
            (_("Kind of visit"), lambda row: row.get_consultation_type_display()),
            (_("Status"), lambda row: row.get_status_display()),
            (_("Fee"), lambda row: money(row.fee, row.currency)),
            (_("Id"), lambda row: row.pk),
        ),
    )
)
data_list(
    DataList(
        kind="payments",
        title=_("Payments"),
        order=20,
        rows=lambda clinic: Payment.objects.order_by("-created_at", "pk"),
        columns=(
            (_("Time"), lambda row: row.created_at),
            (_("Reference"), lambda row: row.provider_reference),
            (_("Pays for"), lambda row: row.subject_id),
            (_("Method"), lambda row: row.get_method_display()),
            (_("Amount"), lambda row: money(row.amount, row.currency)),
            (_("Status"), lambda row: row.get_status_display()),
            (_("Paid"), lambda row: row.paid_at),
        ),
    )
)
data_list(
    DataList(
        kind="refunds",
        title=_("Refunds"),
        order=30,
        rows=lambda clinic: Refund.objects.select_related("payment").order_by("-created_at", "pk"),
        columns=(
            (_("Time"), lambda row: row.created_at),
            (_("Payment"), lambda row: row.payment.provider_reference),
            (_("Amount"), lambda row: money(row.amount, row.currency)),
            (_("Status"), lambda row: row.get_status_display()),
            (_("Attempts"), lambda row: row.attempts),
            (_("Last error"), lambda row: row.last_error),
            (_("Paid back"), lambda row: row.processed_at),
        ),
    )
)

"""What somebody of the platform can read of a clinic's orders once they have broken the glass: how they stand and what
money moved, neither what is in them nor where they go."""

from django.utils.translation import gettext_lazy as _

from clinics.emergency import DataList, data_list
from pharmacy.models import Order
from precta.templatetags.precta_tags import money

data_list(
    DataList(
        kind="orders",
        title=_("Orders"),
        order=35,
        rows=lambda clinic: Order.objects.select_related("patient").order_by("-created_at", "pk"),
        columns=(
            (_("Time"), lambda row: row.created_at),
            (_("Patient"), lambda row: row.patient),
            (_("Status"), lambda row: row.get_status_display()),
            (_("Total"), lambda row: money(row.total_amount, row.currency)),
            (_("Id"), lambda row: row.pk),
        ),
    )
)

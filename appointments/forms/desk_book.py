"""What a clinic's desk fills in to take a time for a patient."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.forms.desk import consent_field
from appointments.forms.booking import LONGEST_REASON, MpesaPhoneField, as_written_at_home
from clinics.models import Clinic
from precta.forms import FocusOnError
from precta.ids import new_id
from precta.text import plain_text


class DeskMethod(models.TextChoices):
    """`LATER` holds the time as long as the clinic's rules say; the money comes at the desk or from the patient."""

    CASH = "cash", _("Cash, received now")
    MPESA = "mpesa", _("M-Pesa request to a phone")
    LATER = "later", _("Hold the time, pay shortly")


class DeskBookingForm(FocusOnError, forms.Form):
    """The time and the kind of visit are the page's own fields, checked by the week."""

    notes = forms.CharField(
        label=_("Reason for the visit"),
        required=False,
        max_length=LONGEST_REASON,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": LONGEST_REASON, "autocomplete": "off"}),
        help_text=_("In the patient's own words. Only those who treat the patient read it later."),
    )
    method = forms.ChoiceField(label=_("Payment"), choices=DeskMethod.choices, widget=forms.RadioSelect)
    phone = MpesaPhoneField(help_text=_("The request to pay goes to this phone."))
    key = forms.CharField(
        widget=forms.HiddenInput, max_length=64, validators=[RegexValidator(r"\A[A-Za-z0-9_-]{8,64}\Z")]
    )
    expected_fee = forms.DecimalField(
        required=False, max_digits=10, decimal_places=2, min_value=0, widget=forms.HiddenInput
    )

    def __init__(
        self,
        *args: Any,
        clinic: Clinic,
        is_free: bool,
        ask_consent: bool,
        may_take_cash: bool,
        phone: str = "",
        **kwargs: Any,
    ) -> None:
        initial = {
            "method": DeskMethod.CASH.value if may_take_cash else DeskMethod.MPESA.value,
            "phone": as_written_at_home(phone),
            "key": self.new_key(),
            **(kwargs.pop("initial", None) or {}),
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.use_required_attribute = False
        if ask_consent:
            self.fields["consent"] = consent_field(clinic)
        if not may_take_cash:
            offered = [choice for choice in DeskMethod.choices if choice[0] != DeskMethod.CASH]
            self.fields["method"].choices = offered  # type: ignore[attr-defined]
        self.fields["phone"].required = self.data.get("method") == DeskMethod.MPESA
        if is_free:
            del self.fields["method"], self.fields["phone"]

    @staticmethod
    def new_key() -> str:
        """A fresh idempotency key: one form, one booking, however often it is sent."""
        return new_id()

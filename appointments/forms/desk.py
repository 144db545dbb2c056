"""What the front desk types. Amounts that were shown travel along: another one makes the page be shown again."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from appointments.services.cancellation import REASON_LENGTH, RefundQuote, Side
from appointments.views.doctor.forms import TimeOffForm
from precta.text import LineField, plain_text

KEY = RegexValidator(r"\A[A-Za-z0-9_-]{8,64}\Z")


class AmountField(forms.DecimalField):
    """Money in shillings and cents."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=10, decimal_places=2, min_value=Decimal(0), **kwargs)


class CancelForm(forms.Form):
    """Whose doing it is decides what goes back; whoever runs the clinic may give back more than its rules do."""

    cause = forms.ChoiceField(
        label=_("Who asks for it?"),
        choices=[(Side.PATIENT.value, _("The patient")), (Side.CLINIC.value, _("The clinic"))],
        initial=Side.PATIENT.value,
        widget=forms.RadioSelect,
    )
    refund = AmountField(
        label=_("Give back another amount"),
        help_text=_("Leave it empty to give back what the rules say. It cannot be less."),
        required=False,
    )
    reason = forms.CharField(
        label=_("Why?"),
        help_text=_("It is kept with the cancelled visit, where the patient can read it."),
        required=False,
        max_length=REASON_LENGTH,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": REASON_LENGTH}),
    )
    shown_patient = AmountField(widget=forms.HiddenInput)
    shown_clinic = AmountField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, may_choose: bool, quotes: dict[Side, RefundQuote], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.quotes = quotes
        if not may_choose or not quotes[Side.CLINIC].paid:
            del self.fields["refund"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        refund, cause = data.get("refund"), data.get("cause")
        if refund is not None and cause in self.quotes:
            quote = self.quotes[Side(cause)]
            if refund > quote.paid:
                self.add_error("refund", _("That is more than was paid for this visit."))
            elif refund < quote.amount:
                self.add_error("refund", _("That is less than the rules give back."))
        return data


class PartForm(forms.Form):
    """Giving back a part of a payment beyond the rules."""

    amount = AmountField(label=_("How much goes back?"))
    reason = LineField(label=_("Why?"), help_text=_("For the books; the patient does not see it."), max_length=200)
    shown_left = AmountField(widget=forms.HiddenInput)
    key = forms.CharField(max_length=64, validators=[KEY], widget=forms.HiddenInput)

    def clean_amount(self) -> Decimal:
        amount = self.cleaned_data["amount"]
        if amount <= 0:
            raise ValidationError(_("Write an amount above zero."), code="zero")
        return amount

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        amount, left = data.get("amount"), data.get("shown_left")
        if amount is not None and left is not None and amount > left:
            self.add_error("amount", _("That is more than is left of this payment."))
        return data


class DeskTimeOffForm(TimeOffForm):
    """Without the note, which is the doctor's own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["reason"]

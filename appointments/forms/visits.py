"""What a patient fills in to cancel or to move a visit."""

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from appointments.services.cancellation import REASON_LENGTH
from precta.text import plain_text


class CancelForm(forms.Form):
    """The amount that was shown travels along: another one makes the page be shown again."""

    reason = forms.CharField(
        label=_("Why do you cancel?"),
        help_text=_("Only the clinic reads it."),
        required=False,
        max_length=REASON_LENGTH,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": REASON_LENGTH}),
    )
    expected_refund = forms.DecimalField(max_digits=10, decimal_places=2, min_value=0, widget=forms.HiddenInput)


class MoveForm(forms.Form):
    """The new time's fee, as it was shown, and the key that makes a second click the same move."""

    expected_fee = forms.DecimalField(max_digits=10, decimal_places=2, min_value=0, widget=forms.HiddenInput)
    key = forms.CharField(
        max_length=64, validators=[RegexValidator(r"\A[A-Za-z0-9_-]{8,64}\Z")], widget=forms.HiddenInput
    )

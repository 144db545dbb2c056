"""What the pharmacy's desk types."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from pharmacy.exceptions import BatchUnusable
from precta.payments.exceptions import InvalidPhone
from precta.payments.phones import mpesa_phone
from precta.text import LineField, plain_text

MOST_PACKS = 1000
LONGEST_DIRECTIONS = 700
ID = re.compile(r"[a-z0-9]{1,36}")


class CourierForm(forms.Form):
    courier_name = LineField(label=_("Who brings it?"), max_length=100)
    courier_phone = forms.CharField(
        label=_("The courier's phone"),
        help_text=_("The patient sees it with the order, to be reached on the way."),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )

    def clean_courier_phone(self) -> str:
        try:
            return mpesa_phone(self.cleaned_data["courier_phone"])
        except InvalidPhone:
            raise ValidationError(_("Write a Kenyan mobile number, such as 0712 345 678."), code="phone") from None


class HandOverForm(forms.Form):
    received_by = LineField(
        label=_("Who took it?"), help_text=_("The patient, or whoever took it for them."), max_length=100
    )


class ReasonForm(forms.Form):
    """Cancelling, with the amount that was shown."""

    reason = LineField(label=_("Why?"), help_text=_("The patient can read it with the order."), max_length=200)
    shown = forms.DecimalField(max_digits=10, decimal_places=2, widget=forms.HiddenInput)


class TakeOutForm(forms.Form):
    """How many packs stay; `shown` is how many there were when the page was made."""

    keep = forms.IntegerField(label=_("How many packs stay?"), min_value=0)
    reason = LineField(label=_("Why?"), help_text=_("The patient can read it with the order."), max_length=200)
    shown = forms.IntegerField(min_value=1, max_value=MOST_PACKS, widget=forms.HiddenInput)

    def __init__(self, *args: Any, most: int, least: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["keep"] = forms.IntegerField(
            label=_("How many packs stay?"), min_value=least, max_value=max(most - 1, least)
        )


class ProposeForm(forms.Form):
    """A medicine and how many packs; the number is that of the field `packs-<medicine>` beside it, since packs of
    another size or strength are another number of them."""

    medicine = forms.CharField(max_length=36)
    quantity = forms.IntegerField(min_value=1, max_value=MOST_PACKS)
    reason = LineField(label=_("Why?"), help_text=_("The patient reads it with the question."), max_length=200)

    def add_prefix(self, field_name: str) -> str:
        return f"packs-{self.data.get('medicine', '')}" if field_name == "quantity" else super().add_prefix(field_name)

    def packs_typed(self, medicine_id: str, proposed: int) -> Any:
        """What stands in the field of this medicine."""
        return self.data.get(f"packs-{medicine_id}", proposed)


class ConsentForm(forms.Form):
    """What the patient said on the phone."""

    answer = forms.ChoiceField(
        label=_("What did the patient say?"),
        choices=[("yes", _("They agree")), ("no", _("They do not want it"))],
        widget=forms.RadioSelect,
    )
    consent = LineField(
        label=_("How did they say it, and to whom?"),
        help_text=_("For example: on the phone, 14:20, the mother herself, to me."),
        max_length=200,
        min_length=5,
    )


class DirectionsForm(forms.Form):
    """How to take it, as the label says; what a doctor may write of a line fits in."""

    directions = forms.CharField(
        label=_("How to take it, on the label"),
        required=False,
        max_length=LONGEST_DIRECTIONS,
        validators=[plain_text],
        widget=forms.Textarea(attrs={"rows": 2}),
    )


def packs_of_batches(posted: Any) -> list[tuple[str, int]]:
    """`batch-<id>=2` fields → (batch id, packs), those with none left out. Raises ValidationError for what is no number
    of packs, BatchUnusable for what is no batch's id."""
    packs = []
    for name in posted:
        if not name.startswith("batch-"):
            continue
        typed = posted[name].strip() or "0"
        if not (typed.isascii() and typed.isdigit() and int(typed[:6]) <= MOST_PACKS and len(typed) <= 6):
            raise ValidationError(_("Write whole packs."), code="packs")
        if int(typed):
            batch_id = name.removeprefix("batch-")
            if not ID.fullmatch(batch_id):
                raise BatchUnusable
            packs.append((batch_id, int(typed)))
    return packs

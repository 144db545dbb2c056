"""An article of the catalogue, and what happens on the shelf, as the pharmacy writes it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pharmacy.catalogue_fields import (
    FIXED_ONCE_ORDERED,
    IS_ORDERED,
    MOST_PACKS,
    NO_SUBSTANCE,
    DayField,
    WholeField,
    article_fields,
)
from pharmacy.models import Medicine
from pharmacy.names import substances_of
from pharmacy.selectors_catalogue import ordered_among
from precta.text import LineField


class ArticleForm(forms.ModelForm):
    is_prescription_only = forms.BooleanField(
        label=_("Prescription only"),
        required=False,
        initial=True,
        help_text=_("It is sold only against a valid prescription of that patient."),
    )
    is_active = forms.BooleanField(
        label=_("On sale"), required=False, initial=True, help_text=_("What is not on sale nobody can order.")
    )

    class Meta:
        model = Medicine
        fields = (
            *("generic_name", "brand_name", "substances", "form", "strength", "pack_size", "pack_unit"),
            *("sku", "price", "low_stock_at", "is_prescription_only", "is_active"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            # What counts as changed is what differs from the page as it was opened: see save_medicine.
            field.show_hidden_initial = True
        for name, listed in (("generic_name", "known-names"), ("substances", "known-substances")):
            if name in self.fields:  # a page for looking has none
                self.fields[name].widget.attrs["list"] = listed

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("substances") and "substances" not in self.errors and data.get("generic_name"):
            data["substances"] = substances_of(data["generic_name"])
            if not data["substances"]:
                self.add_error("substances", NO_SUBSTANCE)
        self._keep_what_is_ordered(data)
        return data

    def _keep_what_is_ordered(self, data: dict[str, Any]) -> None:
        """The instance still shows what is kept."""
        if self.instance._state.adding:
            return
        changed = [name for name in FIXED_ONCE_ORDERED if name in self.changed_data and name in data]
        fixed = [name for name in changed if data[name] != getattr(self.instance, name)]
        if fixed and ordered_among([self.instance.pk]):
            for name in fixed:
                self.add_error(name, IS_ORDERED)


for _name, _field in article_fields().items():
    if _name not in ("is_prescription_only", "is_active"):
        if _name == "low_stock_at":
            _field.initial = 5
        ArticleForm.base_fields[_name] = ArticleForm.declared_fields[_name] = _field
ArticleForm.base_fields = {name: ArticleForm.base_fields[name] for name in ArticleForm.Meta.fields}


class OnceForm(forms.Form):
    """`key` is made with the page, so that a form that is sent twice does once what it says."""

    key = forms.RegexField(r"^[a-z][a-z0-9]{23}$", widget=forms.HiddenInput)


class ReceiveForm(OnceForm):
    number = LineField(label=_("Batch number"), max_length=60, help_text=_("As it is printed on the pack."))
    expires_on = DayField(
        label=_("Expires on"), help_text=_("Like 31/05/2027; where the pack names a month only, 05/2027.")
    )
    packs = WholeField(label=_("Packs"), min_value=1, max_value=MOST_PACKS)


class WriteOffForm(OnceForm):
    packs = WholeField(label=_("Packs"), min_value=1, max_value=MOST_PACKS)
    reason = LineField(
        label=_("Reason"), max_length=200, help_text=_("Broken, lost, recalled: it stays in the history.")
    )


class CountForm(forms.Form):
    counted = WholeField(label=_("Packs on the shelf"), min_value=0, max_value=MOST_PACKS)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10 * MOST_PACKS)
    reason = LineField(label=_("Note"), max_length=200, required=False)

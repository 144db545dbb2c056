"""Every component in every state on one page, for those who build the portal."""

from datetime import timedelta
from types import SimpleNamespace

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from precta import clock

WHOLE_PAGES = {
    *("400", "403", "403_csrf", "404", "405", "413", "429", "500"),
    *("unknown_host", "clinic_suspended"),
}
COLOURS = (
    *("paper", "surface", "sunken", "line", "line-strong", "control", "ink", "ink-2", "ink-3"),
    *("brand", "brand-strong", "brand-soft", "accent", "accent-strong", "accent-soft"),
    *("ok", "ok-soft", "warn", "warn-soft", "bad", "bad-soft"),
)


class SampleForm(forms.Form):
    """One field of each kind that the portal uses."""

    name = forms.CharField(label="Full name", help_text="As on your identity card.")
    email = forms.EmailField(label="E-mail", required=False)
    phone = forms.CharField(
        label="M-Pesa number", widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "tel"})
    )
    day = forms.DateField(label="Date of birth", widget=forms.DateInput(attrs={"type": "date"}))
    city = forms.ChoiceField(label="City", choices=[("nbo", "Nairobi"), ("mba", "Mombasa"), ("ksm", "Kisumu")])
    mode = forms.ChoiceField(
        label="Kind of visit",
        choices=[("in_person", "At the clinic"), ("video", "Video call")],
        widget=forms.RadioSelect,
    )
    languages = forms.MultipleChoiceField(
        label="Languages",
        required=False,
        choices=[("en", "English"), ("sw", "Kiswahili"), ("ki", "Kikuyu")],
        widget=forms.CheckboxSelectMultiple,
    )
    reason = forms.CharField(label="Reason for the visit", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    paper = forms.FileField(label="Licence", required=False)
    agree = forms.BooleanField(
        label="The clinic may keep a record of this visit.", help_text="You can withdraw this later."
    )

    def clean(self) -> None:
        self.add_error(None, "Two things below need your attention.")


def styleguide(request: HttpRequest) -> HttpResponse:
    now = clock.now()
    broken = SampleForm({"email": "amina@", "city": "nbo", "phone": "12"})
    broken.is_valid()
    days = [
        SimpleNamespace(name=name, number=23 + i, free=free, current=i == 1)
        for i, (name, free) in enumerate(
            zip(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), (0, 6, 11, 11, 3, 0, 0), strict=True)
        )
    ]
    context = {
        "colours": COLOURS,
        "form": SampleForm(initial={"city": "mba"}),
        "broken": broken,
        "days": days,
        "times": ["08:30", "09:00", "10:30", "11:00", "14:00", "14:30", "15:00", "16:30"],
        "page": Paginator(range(400), 20).page(7),
        "first_page": Paginator(range(400), 20).page(1),
        "until": (now + timedelta(seconds=41)).isoformat(),
        "hold_until": (now + timedelta(minutes=14)).isoformat(),
        "names": ["Dr Achieng Njoroge", "Brian Kiprono", "Fatuma Mwangi", "Wanjiru"],
        "statuses": ["pending_payment", "confirmed", "in_progress", "completed", "cancelled", "no_show"],
        "money_statuses": ["pending", "completed", "failed", "refunded"],
        "whole_pages": sorted(WHOLE_PAGES),
    }
    return render(request, "pages/styleguide.html", context)


def whole_page(request: HttpRequest, page: str) -> HttpResponse:
    if page not in WHOLE_PAGES:
        raise Http404
    return render(request, f"{page}.html", {"anonymous": True})

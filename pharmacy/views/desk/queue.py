"""The orders that wait, by age."""

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinics.policies import capability_required
from pharmacy import selectors_desk as selectors
from pharmacy.models import Fulfilment, Order
from pharmacy.views.desk.page import page
from precta import clock
from precta.text import printable

PER_PAGE = 25
LONGEST_SEARCH = 60


@capability_required("orders.view")
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Tabs by state, narrowed by `how` it gets there and by words. Six statements, however many orders there are."""
    now = clock.now()
    tab = request.GET.get("tab", "")
    tab = tab if tab in selectors.TABS else "prepare"
    how = request.GET.get("how", "")
    how = how if how in Fulfilment.values else ""
    words = printable(request.GET.get("q", "")[:LONGEST_SEARCH])
    shown = Paginator(selectors.queue(tab, how=how, words=words), PER_PAGE).get_page(request.GET.get("page"))
    numbers = selectors.counts(how)
    labels = {
        "prepare": _("To prepare"),
        "preparing": _("Being prepared"),
        "on_the_way": _("Ready or on the way"),
        "done": _("Done"),
    }
    kept = {"how": how, "q": words}
    context = {
        "title": _("Pharmacy desk"),
        "tab": tab,
        "how": how,
        "words": words,
        "tabs": [
            {
                "label": label,
                "query": _query(kept | {"tab": name}),
                # What is done only grows: its number tells nobody anything.
                "count": "" if name == "done" else numbers[name],
                "is_current": name == tab,
            }
            for name, label in labels.items()
        ],
        "ways": [
            {"label": label, "query": _query(kept | {"tab": tab, "how": value}), "is_current": value == how}
            for value, label in (("", _("All")), *Fulfilment.choices)
        ],
        "page": shown,
        "rows": [_row(order, now) for order in shown],
        "query": _query(kept | {"tab": tab}).removeprefix("?"),
        "everything": _query({"tab": tab}),
    }
    return page(request, "queue", context)


def _row(order: Order, now: Any) -> dict[str, Any]:
    since = selectors.waits_since(order)
    return {
        "order": order,
        "age": timesince(since, now, depth=1) if since is not None and since < now else "",
        "late": selectors.lateness(order, now),
        "is_delivery": selectors.is_delivery(order),
    }


def _query(parts: dict[str, str]) -> str:
    return "?" + urlencode({name: value for name, value in parts.items() if value})

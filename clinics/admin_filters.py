"""A filter of a list that is typed rather than chosen: days, a person, an address."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ListFilter
from django.db import models
from django.http import HttpRequest


class TypedFilter(ListFilter):
    """`inputs` are (parameter, label, kind of input). A value that is none of its kind filters nothing out."""

    template = "admin/typed_filter.html"
    inputs: tuple[tuple[str, Any, str], ...] = ()

    def __init__(self, request: HttpRequest, params: dict[str, list[str]], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1].strip()[:254]

    @classmethod
    def parameter_names(cls) -> set[str]:
        return {name for name, _label, _kind in cls.inputs}

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str]:
        return [name for name, _label, _kind in self.inputs]

    def value(self, name: str) -> str:
        return str(self.used_parameters.get(name, ""))

    def told(self) -> str:
        """What the filter is set to, for its chip."""
        return " – ".join(filter(None, map(self.value, self.expected_parameters())))

    def fields(self) -> Iterator[dict[str, Any]]:
        for name, label, kind in self.inputs:
            yield {"name": name, "label": label, "kind": kind, "value": self.value(name)}

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        own = set(self.expected_parameters())
        others = [(name, value) for name, value in changelist.filter_params.items() if name not in own]
        kept = [(name, value) for name, values in others for value in values if name != "p"]
        if changelist.query:
            kept.append(("q", changelist.query))
        yield {"kept": kept, "clear": changelist.get_query_string(remove=list(own)), "is_set": bool(self.told())}

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        raise NotImplementedError

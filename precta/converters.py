"""Path converters. `<id:doctor_id>` lets only what can be an id reach a view; anything else is 404."""

from django.urls import register_converter


class IdConverter:
    regex = "[a-z0-9]{1,36}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(IdConverter, "id")

"""Every address of the three hosts, read off the resolvers themselves."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from precta.hosts import URLCONFS

PLACE = re.compile(r"<(?:(?P<kind>\w+):)?(?P<name>\w+)>|\(\?P<(?P<group>\w+)>[^)]*\)")


@dataclass(frozen=True)
class Address:
    host: str
    name: str
    route: str

    @property
    def parameters(self) -> dict[str, str]:
        """Name → converter of what the address carries."""
        return {found["name"] or found["group"]: found["kind"] or "text" for found in PLACE.finditer(self.route)}

    def path(self, values: dict[str, str]) -> str:
        """The path with these values in it; they are put in as they are."""
        bare = PLACE.sub(lambda found: str(values[found["name"] or found["group"]]), self.route)
        return "/" + bare.replace("^", "").replace("$", "")

    def __str__(self) -> str:
        return f"{self.host} {self.name}"


def every_address(host: str) -> list[Address]:
    return [Address(host, *found) for found in _walk(get_resolver(URLCONFS[host]), "", ())]


def _walk(resolver: URLResolver, prefix: str, spaces: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLPattern):
            # Without a name of its own the route is the name, from where its namespace begins.
            name = entry.name or route.removeprefix("admin/")
            yield ":".join((*spaces, name)), route
        else:
            yield from _walk(entry, route, (*spaces, entry.namespace) if entry.namespace else spaces)

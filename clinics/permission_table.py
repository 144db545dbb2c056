"""The permission table as people read it: on the staff page, and in docs/permissions.md."""

from dataclasses import dataclass

from django.utils.encoding import force_str
from django.utils.translation import override

from clinics.models import MembershipRole
from clinics.policies import CAPABILITIES, CAPABILITY_WORDS


@dataclass(frozen=True)
class Line:
    capability: str
    words: str
    roles: tuple[tuple[MembershipRole, bool], ...]


def lines() -> list[Line]:
    """One line for each capability, in the table's order, with yes or no for each role in the order of the roles."""
    return [
        Line(
            capability, force_str(CAPABILITY_WORDS[capability]), tuple((role, role in held) for role in MembershipRole)
        )
        for capability, held in CAPABILITIES.items()
    ]


def as_markdown() -> str:
    """The table of docs/permissions.md, in English."""
    with override("en"):
        rows = [
            ("What", "Capability", *(str(role.label) for role in MembershipRole)),
            ("---", "---", *(":-:" for role in MembershipRole)),
            *(
                (line.words, f"`{line.capability}`", *("yes" if held else "–" for _role, held in line.roles))
                for line in lines()
            ),
        ]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)

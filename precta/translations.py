"""Finds every sentence that is marked for translation, without gettext's programs, which bare machines lack."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
APPS = ("precta", "clinics", "accounts", "appointments", "pharmacy", "content")
# Function → (place of the context, of the singular, of the plural) among its arguments.
FUNCTIONS: dict[str, tuple[int | None, int, int | None]] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), (None, 0, None)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (None, 0, 1)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), (0, 1, None)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), (0, 1, 2)),
}
_LITERAL = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_TEMPLATE_CALL = re.compile(rf"\b(n?p?gettext)\(\s*u?({_LITERAL})(?:\s*,\s*u?({_LITERAL}))?(?:\s*,\s*u?({_LITERAL}))?")
_UNDERSCORE = re.compile(rf"\b_\(\s*({_LITERAL})\s*\)")


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence; `plural` and `context` are empty when it has none."""

    text: str
    plural: str = ""
    context: str = ""


def find_messages() -> dict[Message, list[str]]:
    """Every marked sentence of the project's code and templates, with the files that hold it."""
    found: dict[Message, list[str]] = {}
    for file in _sources():
        name = str(file.relative_to(ROOT))
        text = file.read_text(encoding="utf-8")
        for message in _in_python(text) if file.suffix == ".py" else _in_template(text, name):
            places = found.setdefault(message, [])
            if name not in places:
                places.append(name)
    return found


def _sources() -> Iterator[Path]:
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in file.parts and "devstack" not in file.parts:
                yield file
    for file in sorted((ROOT / "templates").rglob("*")):
        # The devstack's pages and the style guide are for developers.
        if file.is_file() and "devstack" not in file.parts and file.name != "styleguide.html":
            yield file


def _in_python(text: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        places = FUNCTIONS.get(name)
        if places is None:
            continue
        context, single, plural = (_constant(node.args, place) for place in places)
        if single:
            yield Message(single, plural, context)


def _constant(arguments: list[ast.expr], place: int | None) -> str:
    if place is None or place >= len(arguments):
        return ""
    argument = arguments[place]
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""


def _in_template(text: str, name: str) -> Iterator[Message]:
    code = templatize(text, origin=name)
    for function, *literals in _TEMPLATE_CALL.findall(code):
        values = [ast.literal_eval(literal) for literal in literals if literal]
        context, single, plural = FUNCTIONS[function]
        yield Message(
            values[single],
            values[plural] if plural is not None else "",
            values[context] if context is not None else "",
        )
    for literal in _UNDERSCORE.findall(code):
        yield Message(ast.literal_eval(literal))

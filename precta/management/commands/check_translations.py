"""`manage.py check_translations`: is every sentence there in Swahili, and whole?"""

import re
from typing import Any

import polib
from django.core.management.base import BaseCommand

from precta.management.commands.update_translations import open_catalogue
from precta.translations import find_messages

PLACEHOLDER = re.compile(r"%\(\w+\)[sdr]|%[sd]|%%|\{\w*\}|</?[a-z]+")


class Command(BaseCommand):
    help = (
        "Compare the marked sentences of the code and the templates with locale/sw. Exits with 1 and names each that "
        "is missing, untranslated, unsure or left over, or whose placeholders or tags differ."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        entries = {(entry.msgctxt or "", entry.msgid): entry for entry in open_catalogue() if not entry.obsolete}
        found = find_messages()
        troubles = []
        for message, places in found.items():
            entry = entries.get((message.context, message.text))
            trouble = "missing" if entry is None else _trouble(entry)
            if trouble:
                troubles.append(f"{places[0]}: {trouble}: {message.text[:100]!r}")
        wanted = {(message.context, message.text) for message in found}
        troubles += [f"left over: {text[:100]!r}" for key in entries.keys() - wanted for text in key[1:]]
        for trouble in sorted(troubles):
            self.stderr.write(trouble)
        if troubles:
            self.stderr.write(f"{len(troubles)} sentences; `manage.py update_translations` brings the file in step.")
            raise SystemExit(1)
        self.stdout.write(f"{len(found)} sentences in both languages.")


def _trouble(entry: polib.POEntry) -> str:
    if entry.fuzzy:
        return "unsure"
    said = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if not all(text.strip() for text in said):
        return "untranslated"
    known = set(PLACEHOLDER.findall(entry.msgid)) | set(PLACEHOLDER.findall(entry.msgid_plural))
    tags_and_names = sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
    for text in said:
        if not set(PLACEHOLDER.findall(text)) <= known:
            return "unknown placeholder"
    if sorted(PLACEHOLDER.findall(said[-1])) != tags_and_names:
        return "placeholders differ"
    return ""

"""`manage.py update_translations`: bring locale/sw in step with the sources."""

from typing import Any

import polib
from django.core.management.base import BaseCommand

from precta.translations import ROOT, find_messages

CATALOGUE = ROOT / "locale" / "sw" / "LC_MESSAGES" / "django.po"


def open_catalogue() -> polib.POFile:
    if CATALOGUE.exists():
        return polib.pofile(str(CATALOGUE), wrapwidth=120)
    catalogue = polib.POFile(wrapwidth=120)
    catalogue.metadata = {
        "Project-Id-Version": "Precta",
        "Language": "sw",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    return catalogue


class Command(BaseCommand):
    help = (
        "Write every marked sentence of the code and the templates into locale/sw/LC_MESSAGES/django.po: new ones "
        "without a translation, gone ones taken out, translations kept."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        catalogue = open_catalogue()
        known = {(entry.msgctxt or "", entry.msgid): entry for entry in catalogue if not entry.obsolete}
        catalogue.clear()
        added = 0
        for message, places in sorted(find_messages().items(), key=lambda item: (item[1][0], item[0].text)):
            entry = known.get((message.context, message.text))
            if entry is None:
                entry = polib.POEntry(msgid=message.text, msgctxt=message.context or None)
                added += 1
            if message.plural and entry.msgid_plural != message.plural:
                entry.msgid_plural = message.plural
                entry.msgstr, entry.msgstr_plural = "", {0: "", 1: ""}
            entry.occurrences = [(place, "") for place in places]
            entry.flags = ["python-format"] if "%(" in message.text else []
            catalogue.append(entry)
        CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
        catalogue.save(str(CATALOGUE))
        self.stdout.write(f"{len(catalogue)} sentences, {added} new, {len(catalogue.untranslated_entries())} to do")

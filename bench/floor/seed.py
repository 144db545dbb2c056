"""Tables and rows of the floor: `python -m bench.floor.seed`."""

import os
from datetime import time, timedelta

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.floor.settings"

import django

django.setup()

from django.core.management import call_command
from django.utils import timezone

from bench.floor.models import Group, Person, Taken, Window


def main() -> None:
    call_command("migrate", run_syncdb=True, verbosity=0)
    if Person.objects.exists():
        return
    cities = ("Nairobi", "Mombasa", "Kisumu", "Nakuru")
    groups = Group.objects.bulk_create(Group(name=f"Group {i}", city=cities[i % 4]) for i in range(20))
    people = Person.objects.bulk_create(
        Person(name=f"Person {i}", field=f"Field {i % 27}", fee=2500, rating=4 + (i % 10) / 10, group=groups[i % 20])
        for i in range(400)
    )
    Window.objects.bulk_create(
        Window(person=p, day=day, start=time(8), end=time(17)) for p in people for day in range(1, 6)
    )
    start = timezone.now().replace(minute=0, second=0, microsecond=0)
    Taken.objects.bulk_create(Taken(person=p, at=start + timedelta(hours=5 * n)) for p in people for n in range(30))


if __name__ == "__main__":
    main()

"""Two pages of five queries each: a list of 50 rows, and a week of one person's times."""

import os
from datetime import datetime, timedelta
from uuid import uuid4

from django.core.files.storage import FileSystemStorage
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from bench.floor.models import Group, Person, Taken, Window


@csrf_exempt
def upload(request):
    """Django's own handlers have written the file to the disk while it came; here it is moved to its place."""
    folder = FileSystemStorage(location=os.environ["FLOOR_UPLOADS"])
    folder.save(f"{uuid4()}.pdf", request.FILES["files"])
    return HttpResponse(status=204)


def people(request):
    city = request.GET.get("city", "")
    found = Person.objects.filter(group__city=city).select_related("group").order_by("-rating", "pk")
    return render(
        request,
        "list.html",
        {
            "total": found.count(),
            "people": list(found[:50]),
            "groups": list(Group.objects.order_by("name")[:20]),
            "cities": list(Group.objects.order_by("city").values_list("city", flat=True).distinct()),
            "fields": list(Person.objects.order_by("field").values_list("field", flat=True).distinct()[:30]),
        },
    )


def slots(request, pk):
    person = get_object_or_404(Person, pk=pk)
    now = timezone.now()
    week = now + timedelta(days=7)
    group = Group.objects.get(pk=person.group_id)
    windows = list(Window.objects.filter(person=person))
    taken = set(Taken.objects.filter(person=person, at__gte=now, at__lt=week).values_list("at", flat=True))
    others = list(Person.objects.filter(group=group).exclude(pk=pk)[:5])
    days = []
    for offset in range(7):
        day = (now + timedelta(days=offset)).date()
        free = []
        for window in windows:
            if window.day == day.isoweekday() % 7:
                at = datetime.combine(day, window.start, now.tzinfo)
                end = datetime.combine(day, window.end, now.tzinfo)
                while at < end:
                    if at > now and at not in taken:
                        free.append(at)
                    at += timedelta(minutes=30)
        days.append((day, free))
    return render(request, "slots.html", {"person": person, "group": group, "days": days, "others": others})

"""The room of a video visit. Who may: its doctor and the patient's side, around its time (appointments/room/access)."""

from django.urls import path

from appointments.views import room
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "room"

urlpatterns = [
    path("", room.room, name="room"),
    path("exchange/", room.exchange, name="exchange"),
    path("join/", room.join, name="join"),
    path("leave/", room.leave, name="leave"),
    path("messages/", room.messages, name="messages"),
    path("start/", room.start, name="start"),
    path("end/", room.end, name="end"),
    path("recording/", room.recording, name="recording"),
    path("open/", room.open_elsewhere, name="open"),
]

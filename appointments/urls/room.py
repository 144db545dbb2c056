"""The room of a video visit. Who may: its doctor and the patient's side, around its time (appointments/room/access)."""

from django.urls import path

from appointments.views import room
from precta import converters  # noqa: F401 - registers <id:…>

app_name = "room"
ROOM = "appointments/<id:video_visit_id>/room/"

urlpatterns = [
    path(ROOM, room.room, name="room"),
    path(ROOM + "exchange/", room.exchange, name="exchange"),
    path(ROOM + "join/", room.join, name="join"),
    path(ROOM + "leave/", room.leave, name="leave"),
    path(ROOM + "messages/", room.messages, name="messages"),
    path(ROOM + "start/", room.start, name="start"),
    path(ROOM + "end/", room.end, name="end"),
    path(ROOM + "recording/", room.recording, name="recording"),
    path(ROOM + "open/", room.open_elsewhere, name="open"),
]

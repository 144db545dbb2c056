"""The pages of a doctor's hours: (address, name, view), put behind two doors (`appointments.views.hours.place`)."""

from appointments.views.hours import editor, windows
from appointments.views.hours.place import Page
from precta import converters  # noqa: F401 - registers <id:…>

HOURS_PAGES: tuple[tuple[str, str, Page], ...] = (
    ("", "", editor.editor),
    ("preview/", "preview", editor.preview),
    ("save/", "save", editor.save),
    ("undo/<id:revision_id>/", "undo", editor.undo),
    ("add/", "add", windows.add),
    ("copy/<int:day>/", "copy", windows.copy),
    ("days/", "day", windows.set_day),
    ("days/<id:exception_id>/remove/", "day_remove", windows.remove_day),
    ("<id:window_id>/", "edit", windows.edit),
    ("<id:window_id>/switch/", "switch", windows.switch),
    ("<id:window_id>/remove/", "remove", windows.remove),
)

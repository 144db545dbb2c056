"""The sentences that the room's scripts say; `{name}` is filled in by them."""

from django.utils.translation import gettext as _


def script_words(other_name: str) -> dict[str, str]:
    named = {"name": other_name}
    return {
        # Where the other one is
        "away": _("%(name)s has not come yet. Stay on this page: you will see it here.") % named,
        "lobby": _("%(name)s is waiting at the door.") % named,
        "room": _("%(name)s is in the room.") % named,
        "left": _("%(name)s has left the room and may come back.") % named,
        # The call
        "calling": _("Connecting to %(name)s…") % named,
        "connected": _("Connected."),
        "again": _("The connection broke. It is being made again; the visit goes on meanwhile."),
        "offline": _("You are not connected to the internet. As soon as you are, the call goes on."),
        "weak": _("The connection is weak: the picture is smaller so that the sound stays."),
        "soundOnly": _("The connection is very weak: only the sound is sent."),
        "noPicture": _("%(name)s sends no picture.") % named,
        "muted": _("%(name)s is muted.") % named,
        "screen": _("%(name)s shows a screen.") % named,
        "taken": _("The call goes on in another window of yours."),
        "playBlocked": _("Your browser keeps the sound back."),
        # The controls
        "mute": _("Mute"),
        "unmute": _("Unmute"),
        "cameraOff": _("Camera off"),
        "cameraOn": _("Camera on"),
        "share": _("Share screen"),
        "unshare": _("Stop sharing"),
        # The camera check
        "works": _("Camera and microphone work."),
        "worksSound": _("The microphone works. You join without a picture."),
        "worksPicture": _("The camera works, the microphone does not: the others cannot hear you."),
        "unsupported": _(
            "This browser cannot make video calls. Use a recent Chrome, Firefox, Edge or Safari. You can still write "
            "notes here, or call the clinic."
        ),
        "insecure": _("The camera works only on a secure address (https). Open this page by the link that you got."),
        "denied": _(
            "The browser may not use the camera and the microphone. Press the sign beside the address of this page, "
            "allow both, and try again."
        ),
        "missing": _(
            "No camera or microphone was found. Plug one in or use your phone; you can also join without them."
        ),
        "busy": _(
            "Another program is using the camera or the microphone. Close it (another call, for example) and try again."
        ),
        "failed": _("The camera could not be started. Try again, or join without it."),
        "camera": _("Camera"),
        "microphone": _("Microphone"),
        # Notes
        "you": _("You"),
        "otherName": other_name,
        "notSent": _("The note was not sent. Check your connection and send it again."),
    }

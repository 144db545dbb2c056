"""What can go wrong with a clinic."""


class SlugRefused(ValueError):
    """The address name is malformed, reserved or in use."""


class ApplicationRefused(Exception):
    """A step that the application cannot take now; the message says why to whoever wanted it. Nothing was changed."""


class NotPlatformAdmin(Exception):
    """Only somebody who runs the platform can open a clinic's data."""


class ReasonMissing(ValueError):
    """A clinic's data is not opened without a reason that its owners can understand."""


class StaffError(Exception):
    """A change to the staff that the clinic's rules refuse; nothing was changed."""


class NotYourPart(StaffError):
    """Who asks is not in the position to do this to that person, or to give that role."""


class LastOwner(StaffError):
    """The clinic would be left without an owner who can sign in."""


class WorksHereAlready(StaffError):
    """The invited address belongs to an active member of the clinic."""


class InvitedAlready(StaffError):
    """There is an open invitation to this address."""


class InvitationClosed(StaffError):
    """Run out, revoked, declined, or used by somebody else: see the invitation's state."""


class NotTheInvited(StaffError):
    """Whoever would accept has not proved to be the one with the invited address."""

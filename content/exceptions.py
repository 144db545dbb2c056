"""Why a review, its answer or a report of it was not taken."""


class DecidedMeanwhile(Exception):
    """A moderator has decided, or somebody else has: what was meant to change stands as it was decided."""


class ChangedMeanwhile(Exception):
    """The text is another one than the moderator was shown."""


class NotPublished(Exception):
    """Only a published review is answered and reported."""


class OwnReview(Exception):
    """Nobody reports what they wrote themselves."""


class ReportedBefore(Exception):
    """Each person reports a review once."""

"""What can go wrong with a clinic."""


class SlugRefused(ValueError):
    """The address name is malformed, reserved or in use."""

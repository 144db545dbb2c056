"""Which style sheets, scripts and pictures are collected, and by which names."""

from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

_, IMPORTS = HashedFilesMixin._js_module_import_aggregation_patterns  # type: ignore[attr-defined]


class Collected(StaticFilesConfig):
    """`django.contrib.staticfiles` without what no page of ours asks for: each web worker keeps a table of every file
    that is collected, in each of its forms.
    """

    ignore_patterns = (
        *StaticFilesConfig.ignore_patterns,
        "admin/css/vendor/select2/*",
        "admin/js/vendor/select2/*",
        "django_htmx/ext/*",
        "django_htmx/htm*-4.*",
    )


class HashedModules(CompressedManifestStaticFilesStorage):
    """A script of ours names the modules that it imports by their hashed names too: after a release a page never mixes
    old modules with new ones, and each is kept by browsers for as long as it stays the same.

    Django's own switch for that (`support_js_module_import_aggregation`) reads everybody's scripts, and stumbles over
    what the comments of others name as an example.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", IMPORTS))

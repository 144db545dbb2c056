"""How our style sheets and scripts are named when they are collected."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):
    """A script names the modules that it imports by their hashed names too: after a release a page never mixes old
    modules with new ones, and each is kept by browsers for as long as it stays the same."""

    support_js_module_import_aggregation = True

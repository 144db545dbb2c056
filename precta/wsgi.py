import os

from django.core.wsgi import get_wsgi_application

from precta.memory import give_back_large_blocks, keep_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "precta.settings")

give_back_large_blocks()
application = get_wsgi_application()
keep_what_is_loaded()

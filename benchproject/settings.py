"""Settings of the measured project: no database, no middleware, no apps.

Whatever differs between Django's releases by default (USE_TZ, DEFAULT_AUTO_FIELD) is said here, so that a change of a
default is not taken for a change of the request path. A benchmark that needs more overrides these settings.
"""

SECRET_KEY = "benchproject measures; it keeps no secret"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "benchproject.urls"
WSGI_APPLICATION = "benchproject.wsgi.application"
ASGI_APPLICATION = "benchproject.asgi.application"
MIDDLEWARE = []
INSTALLED_APPS = []
DATABASES = {}
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

"""``python -m benchproject.served.visitor``: creates a user, logged in by a session, in a database without either."""

import os

NAME = "bob"
SESSION = "the-session-of-bob"
COOKIE = "sessionid=" + SESSION
HEADER = "X-User"
"""In which an answer tells whose it is."""


def main():
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchproject.served.startproject")
    django.setup()
    from django.contrib import auth
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    user = User.objects.create_user(NAME)
    session = SessionStore(SESSION)
    session.save(must_create=True)  # or it would take a key of its own once it looks for what it holds
    session[auth.SESSION_KEY] = str(user.pk)
    session[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()


if __name__ == "__main__":
    main()

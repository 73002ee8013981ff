"""``python -m benchproject.served.fill``: creates the forum's table in an empty database, and its items."""

import os


def main():
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchproject.served.settings")
    django.setup()
    from django.db import connection

    from benchproject.forum import models

    with connection.schema_editor() as editor:
        editor.create_model(models.Item)
    models.fill()


if __name__ == "__main__":
    main()

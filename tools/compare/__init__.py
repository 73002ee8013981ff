"""``make compare`` and ``make bisect``: two trees of Django, measured beside each other."""

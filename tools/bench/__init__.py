"""``make bench``: releases measured at once, and shown as a table."""

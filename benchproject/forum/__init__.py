"""The forum: an app with one model, and what its views ask of the database."""

"""The Django project that is measured: an ordinary one, which any server can serve."""

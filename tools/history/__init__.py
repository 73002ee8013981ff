"""Many commits of Django: which to measure, their measuring, their merging, their publishing."""

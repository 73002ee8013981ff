"""What people and CI run: release history, comparison, publishing."""

"""The site: an overview, the changes, a page for each scenario, and asv's graphs."""

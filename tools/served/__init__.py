"""``make served``: the measured project under real servers, a real database and load."""

"""What a Django request costs: one file for each part of the request path.

asv imports this package alone, so it brings the rest of the repository in: the measured project and the harness.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from harness import at_once, awaitable

awaitable.register(*at_once.TYPES)

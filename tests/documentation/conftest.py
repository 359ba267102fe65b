"""Makes the reference's makers importable, as ``generate.py`` does for itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import sys
from pathlib import Path

# The grids are a helper of these tests alone; the tests are no package (import-mode=importlib).
sys.path.insert(0, str(Path(__file__).parent))

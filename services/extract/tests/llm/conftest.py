import sys
from pathlib import Path

# Helpers that are no packages (import-mode=importlib): the server of the workspace's tests, the grids of the local engine's.
_ROOT = Path(__file__).resolve().parents[4]
sys.path[:0] = [
    str(_ROOT / "tests" / "support"),
    str(Path(__file__).parent.parent / "local"),
    str(Path(__file__).parent),
]

import sys
from pathlib import Path

# Helpers that are no packages (import-mode=importlib).
_ROOT = Path(__file__).resolve().parents[2]
_EXTRACT = _ROOT / "services" / "extract" / "tests"
sys.path[:0] = [str(_ROOT / "tests" / "support"), str(_EXTRACT / "local"), str(_EXTRACT / "llm")]

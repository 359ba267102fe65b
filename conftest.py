"""What holds for every test of the workspace."""

import os

# The fixtures remove their containers themselves; the helper image that would do it may not be there to be pulled.
# Set before anything imports testcontainers, which reads it once.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")

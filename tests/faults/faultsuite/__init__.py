"""The fault suite's machinery: a stack whose parts can be broken, a load, and an oracle."""

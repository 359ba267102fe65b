"""Layouts of a page; each module's ``draw`` places a sheet with a pen."""

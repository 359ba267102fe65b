"""Turns a read document into a checked invoice with evidence."""

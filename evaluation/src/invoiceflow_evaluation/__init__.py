"""Measures extraction on labelled documents, and speed."""

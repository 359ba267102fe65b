"""Pages: drawing, the table of lines, and the templates."""

"""Tasks: the file format, layouts, and the 20 tasks written in it."""

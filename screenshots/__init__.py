"""Pictures of the screen, made by a script and never by hand."""

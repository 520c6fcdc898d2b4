"""The commands that print and exit; none of them imports the screen."""

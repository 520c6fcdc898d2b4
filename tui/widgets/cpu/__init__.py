"""The CPU pane and its parts."""

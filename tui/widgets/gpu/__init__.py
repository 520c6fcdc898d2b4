"""The GPU pane and its parts."""

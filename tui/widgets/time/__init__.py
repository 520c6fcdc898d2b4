"""The panes of the view "where the time goes"."""

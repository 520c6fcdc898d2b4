"""Where the time of a training goes, told apart by runs that leave out one part each."""

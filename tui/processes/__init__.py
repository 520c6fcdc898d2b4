"""The process table without its widget: columns, order, filter, tree."""

"""The data sets that ship with automap, one a file, found through entry points."""

"""Recognising what kind of data set a path holds; used by ``automap init``."""

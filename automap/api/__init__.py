"""The Python API: what notebooks, scripts and every command of the command line call."""

"""automap's own losses, found through entry points like any third party's."""

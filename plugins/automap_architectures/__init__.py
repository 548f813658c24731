"""automap's own architectures, found through entry points like any third party's."""

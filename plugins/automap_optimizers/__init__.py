"""automap's own optimizers, found through entry points like any third party's."""

"""automap's own augmentations, found through entry points like any third party's."""

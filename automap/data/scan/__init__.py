"""One pass over a data set that counts and fingerprints its samples."""

"""From files, encoded images and arrays to records of one shape."""

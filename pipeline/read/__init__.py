"""Files → rows of text (`read_catalog`) → rows in canonical names (`load_mapping`, `apply`)."""

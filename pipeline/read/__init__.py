"""Files → Catalog: rows as text exactly as the file showed them, and each row's origin."""

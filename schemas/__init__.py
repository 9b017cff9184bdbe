"""What a product is: the vocabulary of fields, and pandera models over it."""

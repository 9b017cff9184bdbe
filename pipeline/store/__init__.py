"""Database engine, migrations, locks, atomic files: the only part that knows how state lies on disk."""

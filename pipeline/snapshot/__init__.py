"""GetProducts → Snapshot: what the shop held, when, and how sure we are that it's all."""

"""The durable record of every intent, change and outcome.

Append-only and hash-chained: one `event` row an arrow of the transition table, with the rows that
came with it bound in by digest. What a run's state *is* follows from its events alone (`replay`);
everything else that is read often (`written`, `quarantine`) is a projection that can be rebuilt.
"""

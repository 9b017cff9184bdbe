"""The wire protocol: signing, both dialects, transport, client. Handed a throttle, a clock and a secret."""

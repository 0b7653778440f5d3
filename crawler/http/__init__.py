"""The network: client, transport, TLS."""

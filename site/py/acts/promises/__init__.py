"""Act II: two promises, latency and throughput, kept on one kind of node."""

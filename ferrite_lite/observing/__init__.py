"""What a server records about itself: counters, slow requests, latency, and MONITOR."""

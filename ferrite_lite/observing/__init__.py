"""What a server knows of itself: counts, slow requests, latency, and who watches."""

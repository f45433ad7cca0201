"""What a server tells clients unasked: pub/sub, keyspace notifications, invalidations, WATCH."""

"""What a server says unasked: to subscribers, to caches of clients, and to who watches keys."""

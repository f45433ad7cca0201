"""What data and connections weigh, and what goes when that is too much."""

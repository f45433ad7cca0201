"""What is kept: keys, their values and their deadlines."""

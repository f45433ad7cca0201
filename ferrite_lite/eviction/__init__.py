"""How much memory data and connections take, and what is dropped when that is too much."""

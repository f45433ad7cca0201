"""Scripts and functions that a server holds, whatever language they are in; Lua is in ``lua/``."""

"""How data leaves the process and comes back: Redis's own formats, byte for byte."""

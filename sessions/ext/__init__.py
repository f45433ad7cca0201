"""Small adapters to frameworks, each in the module of its name."""

"""The way to whichever server there is, and what it means when no answer comes."""

"""Speed and memory, measured beside the real peers, as ratios. Nothing here is a test."""

"""What a store is made of, and its longer operations, one module each."""

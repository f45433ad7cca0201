"""What a server does with sockets: listen, send replies together, and serve while a script runs."""

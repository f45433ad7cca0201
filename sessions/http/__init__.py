"""What sessions are on the web: cookies, CSRF, who asks, what is answered. No framework, no I/O."""

"""How bytes move: endpoints, credentials, sockets."""

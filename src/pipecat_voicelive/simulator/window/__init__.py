"""What a person sees of a running simulator: the page at `/` and the control channel behind it."""

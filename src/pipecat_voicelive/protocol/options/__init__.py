"""The options of a session by topic. Import them from `protocol.session_options`, their one home."""

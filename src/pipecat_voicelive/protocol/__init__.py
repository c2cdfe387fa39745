"""What the wire says: events, items, options, and the codec between them and text. No I/O, no clock."""

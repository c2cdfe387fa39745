"""What `voicelive check` looks at, step by step.

    target      what is to be reached, and as whom
    network     the way there: proxy, name, port, TLS, clock
    access      who asks: a key, or a token
    talk        the session itself: handshake, version, model, options, an answer, the end
    findings    what each step found, and how it is told

A step gives findings. One that failed makes those behind it senseless, and is the last.
"""

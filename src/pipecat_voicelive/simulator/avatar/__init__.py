"""The simulated avatar: a drawn face that speaks the answers, over WebRTC or as video on the WebSocket.

options        what a session may ask of it, and what it means
stage          when it speaks, and the events that tell of it; pure
performance    what is seen and heard at any moment
face           the drawing
media          runs the two ways out; imports aiortc and PyAV (extra `avatar`) only for an avatar
peer, movie    the two ways out: a WebRTC peer, a fragmented MP4
stun           the ICE server that clients are given
loopback       makes WebRTC work on a machine without a network
"""

"""The simulator in test suites: a pytest plugin, calls with whole bots, and expectations on what happened.

The fixture `voicelive` comes with the package; see docs/howto/test-your-bot.md.
"""

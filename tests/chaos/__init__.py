"""Random faults in random conversations of many calls at once: `make chaos`.

plan      what happens in a call: its turns, its faults; all of it follows from a seed and a number
words     lines that callers say, and answers that are known by every word, and by every sample
server    the simulators, one for each call, in a process of their own
bot       a whole bot for a call: pipeline, aggregators, service, a transport in real time
call      the caller: goes through the plan, waits for answers, notes what came of it
evidence  what both sides know of a call when it is over
referee   what must be true of that
resources tasks, files, threads, memory and the event loop, over the whole run
table     what is printed, and written into the page on reliability
"""

"""The crash loop: clients at work, a daemon that is killed again and again, and an oracle that decides what was broken.

`history` is what clients asked and were told, `workload` the clients, `oracle` the judge of a history, `rows` the judge
of a file at rest, `loop` puts them together.
"""

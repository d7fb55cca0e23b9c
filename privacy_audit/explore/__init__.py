"""The open world: who could be linked to whom in a database that nothing declares.

`tables` is what the catalogs say, `names` what words say, `measures` what counts say of the rows; `guessing`
says of each column what it singles out and how sure that is, `places` where two people meet. None of them
knows a command or format.
"""

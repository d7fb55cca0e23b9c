"""What a holder of the database can learn, measured: planted traffic, a copy, published attacks.

It looks at scratch databases alone. The same numbers about rows of real people would be their contact list.
"""

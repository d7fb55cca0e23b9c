"""The attacks, one method a file. A file with SCORE or SCORES in it is found; nothing else names it."""

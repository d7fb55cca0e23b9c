"""The attacks, one method a file. A file with SCORE or SCORES in it is found and run; nothing else names it."""

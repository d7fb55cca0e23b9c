"""Makes a world's calls in a scratch database, through the real functions, and copies the tables out."""

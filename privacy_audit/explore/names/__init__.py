"""What names say: the words of the field, and names split into them."""

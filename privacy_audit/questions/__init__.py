"""What checks ask of a snapshot, where more than one asks it; imported by checks."""

"""The parts of the HTML report: its style, its script, its sections and its pictures."""

"""What a check looks at: the Observation, what surrounds the schema, and what the probes answered."""

"""All that CI asks of a schema change, in one exit code: what is wrong, and what a reviewer must see."""

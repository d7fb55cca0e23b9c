"""What the chain of the retention ledger begins with: sweeps write it, whoever audits it compares."""

from __future__ import annotations

import hashlib

FORMAT = "nosender.retention_runs/"
"""The encoding of a row, named with its form in the text that its hash is taken of."""

GENESIS = hashlib.sha256(f"{FORMAT}1".encode()).hexdigest()
"""What the first row holds in place of the hash of the row before."""

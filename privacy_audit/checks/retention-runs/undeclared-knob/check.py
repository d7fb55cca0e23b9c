"""A knob with another value than nosender.toml declares, or with one that none may have.

How long things stay is the operator's to decide: in nosender.toml, and from there by `db upgrade`, which
leaves a line in the journal. A value that came another way was decided by nobody who answers for it. Reads
the values out of the function's text; a function of another form is found by function-differs. Where no
nosender.toml is found, any value in bounds passes, and the report says which ones stand.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, NotTested, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.knobs import FUNCTION
from nosender.schema.observe.turned import values_of

CHECK = Check(
    slug="undeclared-knob",
    title="Every knob has the value that was declared for it, within its bounds.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Declare the value in nosender.toml and run `nosender db upgrade`, which sets it.",
    since="0.2",
)


def look(snapshot: Snapshot) -> Answer:
    """The values in the function, beside those of nosender.toml."""
    knobs = values_of(snapshot.live)
    if knobs is None:
        raise NotTested(f"the function {FUNCTION} is missing or of another form")
    found = {
        name: Found(_named(snapshot, name), "knob", f"{sentence}.", {}) for name, sentence in knobs.problems()
    }
    if snapshot.wanted is not None:
        found |= {
            name: Found(
                _named(snapshot, name),
                "knob",
                f"The database has {name} {stands}, nosender.toml declares {wanted}.",
                {"stands": stands, "declared": wanted},
            )
            for name, stands, wanted in knobs.differing(snapshot.wanted)
        }
    return Answer(len(tuple(knobs.items())), tuple(found[name] for name in sorted(found)))


def _named(snapshot: Snapshot, name: str) -> str:
    return dotted(snapshot.schema, FUNCTION, name)

"""What the rows of each table are: people, groups, messages or queues."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.guessing.indirect import implied
from nosender.privacy_audit.explore.guessing.referred import identities, second_names
from nosender.privacy_audit.explore.guessing.world import FEWEST, MOST, PERSON_FORMS
from nosender.privacy_audit.explore.model import Kind, Role
from nosender.privacy_audit.explore.names.vocabulary import (
    GROUP,
    IDENTIFIER,
    MESSAGE,
    NAMES,
    NO_ENTITY,
    OTHER,
    RECIPIENT,
    SELF,
    SENDER,
    TITLED,
    TITLES,
    VAGUE_GROUP,
    WEAK,
)
from nosender.privacy_audit.explore.names.words import marks, reading, words_of
from nosender.privacy_audit.explore.tables import base, is_flag, is_identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.counts import Measures
    from nosender.privacy_audit.explore.model import Table
    from nosender.privacy_audit.explore.tables import TableShape

_PEOPLE = SELF - {"actor", "our", "username", "userid", "login", "localpart", "uname"}
TENANTS = frozenset(("account", "customer"))
"""Words for whom people work for, beside a table of users, and for people elsewhere."""
_SECRETS = frozenset(("password", "passwd", "pwd", "passphrase", "passhash"))
_NAMES = frozenset(("firstname", "lastname", "givenname", "familyname", "surname", "forename"))


def entities_of(
    shapes: Mapping[Table, TableShape], measures: Measures | None
) -> tuple[dict[Table, TableShape], dict[Table, Kind], dict[Table, str]]:
    """The tables, what their rows are, and why those are people whom only values tell."""
    shapes = implied(shapes)
    entities = {key: kind for key, shape in shapes.items() if (kind := entity_of(shape))}
    entities |= _by_referrers(shapes, entities)
    entities |= _as_parents(shapes, entities) | identities(shapes, entities)
    entities = _without_tenants(shapes, entities)
    entities |= second_names(shapes, entities)
    reached = _by_values(shapes, entities, measures) if measures else {}
    entities |= dict.fromkeys(reached, Kind.PERSON)
    shapes, held = _containers(shapes, entities)
    return shapes, entities | held, reached


def _by_referrers(shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]) -> dict[Table, Kind]:
    """Tables that others call a person where they refer to it: `account_id` of a table of devices."""
    said: dict[Table, list[bool]] = {}
    authors: set[Table] = set()
    for key, shape in shapes.items():
        for link in shape.links:
            if link.parent in shapes and link.parent not in entities and link.parent != key:
                read = [found for each in link.columns if (found := reading(each))]
                people = any(each[0] is Kind.PERSON and each[1] is Role.SELF for each in read)
                said.setdefault(link.parent, []).append(people)
                if any(
                    each[0] is Kind.PERSON and each[1] is Role.SENDER and each[2] not in WEAK for each in read
                ):
                    authors.add(link.parent)
    people_known = any(
        entities.get(link.parent) is Kind.PERSON for shape in shapes.values() for link in shape.links
    )
    return {
        table: Kind.PERSON
        for table, some in said.items()
        if (not people_known and sum(some) >= 2 and sum(some) >= MOST * len(some))
        or (table in authors and (_personal(shapes[table]) or _called(shapes[table])))
    }


def _containers(
    shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]
) -> tuple[dict[Table, TableShape], dict[Table, Kind]]:
    """What messages are in, where it is somebody's: a story under which comments stand, a mailbox."""
    held: dict[Table, Kind] = {}
    changed = dict(shapes)
    tied = {other for shape in shapes.values() for other in _tied(shape, entities)}
    for shape in shapes.values():
        if not shape.is_message:
            continue
        for link in shape.links:
            parent = shapes.get(link.parent)
            if (
                parent is None
                or link.implied
                or link.parent in entities
                or len(link.columns) != 1
                or len(parent.primary) != 1
            ):
                continue
            owners = _owners(parent, entities)
            commented = shape.words[:-1] == parent.words  # changeset_comments
            if Role.SELF in owners and (commented or _titled(parent)):
                held[link.parent] = Kind.MESSAGE
                changed[link.parent] = replace(parent, commented=True)
            elif (
                link.parent in tied or Role.OTHER in owners
            ):  # one's own mailbox is no group, one that somebody owns may be
                held[link.parent] = Kind.GROUP
    return changed, held


def _tied(shape: TableShape, entities: Mapping[Table, Kind]) -> set[Table]:
    """To what rows tie people, many to many: magazines, where messages stand in them."""
    single = [link for link in shape.links if len(link.columns) == 1]
    people = [link.columns[0] for link in single if entities.get(link.parent) is Kind.PERSON]
    return {
        link.parent
        for link in single
        if link.parent not in entities and any(shape.together(link.columns[0], each) for each in people)
    }


def _owners(shape: TableShape, entities: Mapping[Table, Kind]) -> set[Role | None]:
    """As whom a table refers to people in plain words: `user_id` and `owner`, not `go_live_user_id`."""
    return {
        found[1]
        for link in shape.links
        if len(link.columns) == 1 and entities.get(link.parent) is Kind.PERSON
        if not marks(link.columns[0]) and (found := reading(link.columns[0]))
    }


def _titled(shape: TableShape) -> bool:
    return any(set(words_of(each.name)[-1:]) & TITLES for each in shape.columns)


def _as_parents(shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]) -> dict[Table, Kind]:
    """What rows of tables are whose key is another table's: a profile that is one of a user."""
    found: dict[Table, Kind] = {}
    for key, shape in shapes.items():
        for link in shape.links:
            kind = entities.get(link.parent)
            if key not in entities and kind and len(shape.primary) == 1 and link.columns == shape.primary:
                found[key] = kind
    return found


def _by_values(
    shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind], measures: Measures
) -> dict[Table, str]:
    """Tables that no name tells, of which each row has an address or number of its own; and why."""
    found: dict[Table, str] = {}
    for key, shape in shapes.items():
        if key in entities or shape.is_message:
            continue
        for column in shape.columns:
            counts = measures.column(key, column.name)
            if counts is None or not shape.alone(column.name) or counts.filled < FEWEST:
                continue
            form, share = counts.form
            if form in PERSON_FORMS and share >= MOST:
                found[key] = f"{share:.0%} of {column.name}, one a row, have the form of {PERSON_FORMS[form]}"
    return found


def _without_tenants(shapes: Mapping[Table, TableShape], entities: dict[Table, Kind]) -> dict[Table, Kind]:
    """Beside a table of users, an account or a customer is whom the users work for."""
    people = {key for key, kind in entities.items() if kind is Kind.PERSON}
    users = {key for key in people if shapes[key].words[-1] in ("user", "person", "people")}
    employers = {link.parent for key in users for link in shapes[key].links} - users
    tenants = {
        key
        for key in people
        if shapes[key].words[-1] in TENANTS and (key in employers or not _personal(shapes[key]))
    }
    if not users:
        return entities
    return {key: kind for key, kind in entities.items() if key not in tenants}


def _personal(shape: TableShape) -> bool:
    """Whether each row has the name, phone or mail address of somebody."""
    return any(
        "".join(words_of(each.name)) in _NAMES
        or ((read := reading(each.name)) is not None and read[1] is Role.ADDRESS)
        or words_of(each.name) == ("username",)
        for each in shape.columns
    )


def _joins(shape: TableShape) -> bool:
    """Whether a row puts somebody in what the table is named by: `project_users (project_id, user_id)`."""
    names = {words_of(each.name) for each in shape.columns}
    return {(*shape.words[:-1], "id"), (shape.words[-1], "id")} <= names and len(shape.words) > 1


def _logs_in(shape: TableShape) -> bool:
    """Whether a row has a password and nobody else's key: an account, be it called a member."""
    logged = {"log", "attempt", "history"} & set(shape.words)
    return not (logged or _whose(shape)) and any(
        set(words_of(each.name)) & _SECRETS for each in shape.columns
    )


def _known_by(shape: TableShape) -> bool:
    """Whether each row has a name or mail address of its own, or both."""
    found: set[bool] = set()
    for each in shape.columns:
        read = reading(each.name)
        if read is not None and (read[1] is Role.ADDRESS or read[2] in ("username", "login")):
            if shape.alone(each.name):
                return True
            found.add(read[1] is Role.ADDRESS)
    return len(found) == 2


def _called(shape: TableShape) -> bool:
    """Whether each row bears a name, and is no group and nothing that was written."""
    shared = set(shape.words[-1:]) & (GROUP | MESSAGE)
    return not shared and not _titled(shape) and any(words_of(each.name) in NAMES for each in shape.columns)


def entity_of(table: TableShape) -> Kind | None:
    """What a row of the table is, by name and shape: a person, a group, a message or a queue."""
    head = table.words[-1] if table.words else ""
    identifiers = [each for each in table.columns if is_identifier(each)]
    single = any(len(columns) == 1 for columns in table.unique) or len(table.primary) == 1
    if head == "queue":
        return Kind.QUEUE
    if head in ("address", "addressee", "correspondent") and single and _reached(table):
        return None if _whose(table) else Kind.PERSON
    if head in TITLED and single and _titled(table):
        return Kind.GROUP
    if head in VAGUE_GROUP:
        return None if _names_more(table, head) else Kind.GROUP
    if head in GROUP and (single or not _names_one(table)):
        return Kind.GROUP
    if head in SELF and _joins(table):
        return None
    if single and _logs_in(table) and (head in _PEOPLE or _known_by(table)):
        return Kind.PERSON
    if single and head == "actor" and any(words_of(each.name) in NAMES for each in table.columns):
        return Kind.PERSON
    if head not in _PEOPLE or not identifiers or head in NO_ENTITY:
        return Kind.MESSAGE if table.is_message and single else None
    if head in ("contact", "profile", "account", "identity") and (
        _others(table) or (head == "contact" and _whose(table))
    ):
        return None  # an address book: whose contact it is stands beside it
    if head == "contact" and not (
        _personal(table) or any(words_of(c.name) == ("name",) for c in table.columns)
    ):
        return None
    if set(table.words[:-1]) & (OTHER | SENDER | RECIPIENT | {"device", "config", "system"}):
        return None
    if (
        head == "profile"
        and table.words[:-1]
        and not (_personal(table) or _names_one(table, without=table.primary))
    ):
        return None  # how an asset or a tenant is set up
    if len(table.words) == 1 and head in ("user", "account", "person", "profile"):
        return Kind.PERSON  # also one of several servers, tenants or bridges
    two = {word for word in table.words if word in GROUP | MESSAGE} and len(table.words) > 1
    member = _shares(table) and (two or _whose(table))
    return None if member or (two and len(table.links) > 1) else Kind.PERSON if single else None


def _shares(table: TableShape) -> bool:
    """Whether a row refers to a group, as `mailbox_user (mailbox_id, user_id)`."""
    return any(
        read[0] is Kind.GROUP and words_of(each.name)[-1] in IDENTIFIER
        for each in table.columns
        if each.name not in table.primary and is_identifier(each) and (read := reading(each.name))
    )


def _names_one(table: TableShape, without: tuple[str, ...] = ()) -> bool:
    return any(
        read[0] is Kind.PERSON and read[1] is not None and read[1].value == "self"
        for each in table.columns
        if is_identifier(each) and each.name not in without and (read := reading(each.name))
    )


def _names_more(table: TableShape, word: str) -> bool:
    """Whether a row refers to more than itself, and so is an entry about it rather than the thing."""
    read = [(found, each) for each in table.columns if is_identifier(each) and (found := reading(each.name))]
    return any(
        (found[0] is Kind.PERSON and found[1] is Role.SELF and words_of(each.name)[1:] != ("username",))
        or (
            found[0] in (Kind.GROUP, Kind.MESSAGE)
            and (found[2] != word or (each.name not in table.primary and not marks(each.name)))
            and not table.alone(each.name)
            and base(each) != "boolean"
            and words_of(each.name)[-1] == "id"
            and found[2] not in VAGUE_GROUP
        )
        for found, each in read
    )


def _reached(table: TableShape) -> bool:
    """Whether addresses are those of people, not of houses or machines."""
    names = {each.name.lower() for each in table.columns}
    return bool(names & {"localpart", "email", "jid", "addr"})


def _others(table: TableShape) -> bool:
    """Whether the row names somebody else; a number that is called `blocked` is a mark."""
    return any(
        read[1] not in (None, Role.SELF, Role.ADDRESS)
        for each in table.columns
        if is_identifier(each) and (read := reading(each.name)) and read[0] is Kind.PERSON
        if not is_flag(each)
    )


def _whose(table: TableShape) -> bool:
    """Whether the row of an address or contact says whose it is: `user_id` beside it, many times over."""
    return any(
        read[0] is Kind.PERSON and read[1] is Role.SELF and read[2] in ("user", "userid", "account", "person")
        for each in table.columns
        if is_identifier(each) and not table.alone(each.name) and each.name not in table.primary
        if words_of(each.name)[-1] in IDENTIFIER and (read := reading(each.name))
    )

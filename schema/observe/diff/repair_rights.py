"""Repairs of who may do what: grants, default privileges, policies and roles."""

from nosender.schema.observe.cluster_model import Role
from nosender.schema.observe.diff.repair import Repair, joined, table_name
from nosender.schema.observe.model import DefaultPrivilege, Grant, Policy, Relation, Sequence, Type
from nosender.schema.observe.quoting import quoted
from nosender.schema.observe.reference import OWNER


def create_policy(repair: Repair, policy: Policy) -> str:
    """From its fields: PostgreSQL writes no definition of one."""
    roles = ", ".join(map(repair.role, policy.roles))
    text = f"create policy {quoted(policy.name)} on {table_name(policy)}"
    text += f" as {'permissive' if policy.permissive else 'restrictive'} for {policy.command} to {roles}"
    if policy.using:
        text += f" using ({policy.using})"
    if policy.check:
        text += f" with check ({policy.check})"
    return f"{text};"


def drop_policy(_: Repair, policy: Policy) -> str:
    """The policy alone."""
    return f"drop policy if exists {quoted(policy.name)} on {table_name(policy)};"


def create_grant(repair: Repair, grant: Grant) -> str:
    """What the grantee should have."""
    return _grant(repair, grant, grant.privileges, grant.grantable)


def drop_grant(repair: Repair, grant: Grant) -> str:
    """What the grantee should not have; what an owner gave up of its own is given back."""
    if grant.kind != "schema" and grant.grantee in (OWNER, _owner(repair, grant)):
        return f"grant all on {_granted_on(grant)} to {repair.role(OWNER)};"
    return _revoke(repair, grant, grant.privileges)


def change_grant(repair: Repair, old: Grant, new: Grant, _field: str) -> str:
    """Take what is too much, give what is missing."""
    less = tuple(p for p in new.privileges if p not in old.privileges)
    more = tuple(p for p in old.privileges if p not in new.privileges)
    parts = [_revoke(repair, old, less)] if less else []
    if more:
        parts.append(_grant(repair, old, more, tuple(p for p in more if p in old.grantable)))
    option = tuple(p for p in new.grantable if p not in old.grantable and p not in less)
    if option:
        gone = _privileges(old, option)
        role = repair.role(old.grantee)
        parts.append(f"revoke grant option for {gone} on {_granted_on(old)} from {role} cascade;")
    option = tuple(p for p in old.grantable if p not in new.grantable and p not in more)
    return joined((*parts, _grant(repair, old, option, option) if option else ""))


def _owner(repair: Repair, grant: Grant) -> str | None:
    """Who owns what the grant is on, as it was found."""
    found = repair.found
    if grant.kind == "function":
        return next((f.owner for f in found.functions if f"{f.name}({f.identity})" == grant.object), None)
    things: tuple[Relation | Sequence | Type, ...] = (*found.relations, *found.sequences, *found.types)
    return next((thing.owner for thing in things if thing.name == grant.object), None)


def _grant(repair: Repair, grant: Grant, privileges: tuple[str, ...], grantable: tuple[str, ...]) -> str:
    plain = tuple(p for p in privileges if p not in grantable)
    to = f"on {_granted_on(grant)} to {repair.role(grant.grantee)}"
    parts = [f"grant {_privileges(grant, plain)} {to};"] if plain else []
    if grantable:
        parts.append(f"grant {_privileges(grant, grantable)} {to} with grant option;")
    if not privileges:
        return f"revoke all on {_granted_on(grant)} from {repair.role(grant.grantee)};"
    return " ".join(parts)


def _revoke(repair: Repair, grant: Grant, privileges: tuple[str, ...]) -> str:
    gone = _privileges(grant, privileges)
    return f"revoke {gone} on {_granted_on(grant)} from {repair.role(grant.grantee)} cascade;"


def _granted_on(grant: Grant) -> str:
    name = grant.object if "(" in grant.object else quoted(grant.object)
    whole = f"{quoted(grant.schema)}.{name}" if grant.schema else name
    # a routine is a function, a procedure or an aggregate
    return f"{ {'column': 'table', 'function': 'routine'}.get(grant.kind, grant.kind) } {whole}"


def _privileges(grant: Grant, privileges: tuple[str, ...]) -> str:
    column = f" ({quoted(grant.column)})" if grant.column else ""
    return ", ".join(f"{privilege.lower()}{column}" for privilege in privileges)


def create_default_privilege(repair: Repair, privilege: DefaultPrivilege) -> str:
    """What new objects of the kind should give; none of ours does."""
    return (
        drop_default_privilege(repair, privilege)
        .replace(" revoke all ", " grant all ")
        .replace(" from ", " to ")
    )


def drop_default_privilege(repair: Repair, privilege: DefaultPrivilege) -> str:
    """All that new objects of the kind would give."""
    where = f" in schema {quoted(privilege.schema)}" if privilege.schema else ""
    head = f"alter default privileges for role {repair.role(privilege.role)}{where}"
    return f"{head} revoke all on {privilege.kind}s from {repair.role(privilege.grantee)};"


def create_role(_: Repair, role: Role) -> str:
    """A role of ours."""
    return f"create role {quoted(role.name)} {'login' if role.login else 'nologin'};"


def drop_role(_: Repair, _role: Role) -> str:
    """Nothing: a role belongs to the cluster."""
    return ""


def change_role(_: Repair, old: Role, _new: Role, field: str) -> str:
    """One attribute."""
    words = {
        "superuser": "superuser", "login": "login", "inherit": "inherit", "create_role": "createrole",
        "create_database": "createdb", "replication": "replication", "bypass_row_security": "bypassrls",
    }  # fmt: skip
    return f"alter role {quoted(old.name)} {'' if getattr(old, field) else 'no'}{words[field]};"

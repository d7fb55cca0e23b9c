"""The SQL that would turn what was found into what is expected: printed for a DBA, never run."""

from dataclasses import replace
from typing import Any

from nosender.schema.observe.observation import Observation
from nosender.schema.observe.quoting import literal, qualified, quoted
from nosender.schema.observe.reference import OWNER

_FIRES = {"origin": "enable", "always": "enable always", "replica": "enable replica", "disabled": "disable"}
_RELATION = {"partitioned table": "table", "composite type": "type"}


class Mender:
    """Writes the statements for differences between two Observations of one schema."""

    def __init__(self, schema: str, wanted: Observation, found: Observation, owner: str) -> None:
        """`owner` is the role that should own our objects."""
        self.schema = schema
        self.wanted = wanted
        self.found = found
        self.owner = owner

    def whole(self, kind: str, old: Any, new: Any) -> str:
        """For an object that is missing (`new` is None) or too much (`old` is None)."""
        if old is None:
            return self._drop(kind, new)
        return self._create(kind, old)

    def field(self, kind: str, old: Any, new: Any, name: str) -> str:
        """For one field of an object that both have."""
        if name == "owner":
            target = f"{self._word(kind, old)} {self._name(kind, old)}"
            return f"alter {target} owner to {self._role(old.owner)};"
        change = getattr(self, f"_{kind}_field", None)
        mended: str = change(old, new, name) if change else ""
        return mended or f"{self._drop(kind, new)} {self._create(kind, old)}"

    # ------------------------------------------------------------------ names

    def _role(self, name: str) -> str:
        name = self.owner if name == OWNER else name
        return name.lower() if name in ("PUBLIC", "current_user") else quoted(name)

    def _name(self, kind: str, record: Any) -> str:
        if kind == "functions":
            return f"{qualified(record.schema, record.name)}({record.identity})"
        return qualified(record.schema, record.name)

    def _word(self, kind: str, record: Any) -> str:
        if kind == "relations":
            return _RELATION.get(record.kind, str(record.kind))
        if kind == "functions":
            return "function" if record.kind == "window" else str(record.kind)
        words = {"sequences": "sequence", "indexes": "index", "statistics": "statistics"}
        if kind == "types":
            return "domain" if record.kind == "domain" else "type"
        return words.get(kind, kind)

    def _table(self, record: Any) -> str:
        return qualified(record.schema, record.table)

    # ------------------------------------------------------------- whole objects

    def _drop(self, kind: str, record: Any) -> str:
        if kind in ("relations", "functions", "sequences", "indexes", "types", "statistics"):
            if kind == "indexes" and record.constraint:
                return f"alter table {self._table(record)} drop constraint {quoted(record.constraint)};"
            return f"drop {self._word(kind, record)} {self._name(kind, record)};"
        if kind in ("columns", "constraints"):
            word = kind.removesuffix("s")
            owner = "domain" if getattr(record, "of_domain", False) else "table"
            return f"alter {owner} {self._table(record)} drop {word} {quoted(record.name)};"
        if kind == "triggers" and record.internal:
            return f"alter table {self._table(record)} enable trigger all;"
        if kind in ("triggers", "rules", "policies"):
            word = {"triggers": "trigger", "rules": "rule", "policies": "policy"}[kind]
            return f"drop {word} {quoted(record.name)} on {self._table(record)};"
        if kind == "grants":
            return self._revoke(record, record.privileges)
        if kind == "default_privileges":
            return f"{self._default(record)} revoke all on {record.kind}s from {self._role(record.grantee)};"
        if kind == "comments":
            return f"comment on {self._commented(record)} is null;"
        if kind == "roles":
            return f"-- the role {quoted(record.name)} is not expected here"
        return f"-- drop {record.kind} {record.name} by hand" if kind == "others" else ""

    def _create(self, kind: str, record: Any) -> str:
        if kind == "extensions":
            return f"create extension {quoted(record.name)};"
        if kind == "roles":
            return f"create role {quoted(record.name)} {'login' if record.login else 'nologin'};"
        if kind == "columns":
            added = f"alter table {self._table(record)} add column {_column(record)};"
            rest = f"{self._targets([record])} {self._comments(qualified(*_place(record)))}"
            return self._with_sequences([record], f"{added} {rest}".rstrip())
        if kind == "constraints":
            owner = "domain" if record.of_domain else "table"
            name, definition = quoted(record.name), record.definition
            return f"alter {owner} {self._table(record)} add constraint {name} {definition};"
        if kind == "triggers":
            fires = "" if record.enabled == "origin" else self._triggers_field(record, record, "enabled")
            return f"{record.definition}; {fires}".rstrip()
        if kind == "indexes":
            bare = replace(record, statistics_targets=())
            targets = self._indexes_field(record, bare, "statistics_targets")
            return f"{record.definition.rstrip(';')}; {targets}".rstrip()
        if kind in ("rules", "statistics"):
            return str(record.definition).rstrip(";") + ";"
        if kind == "policies":
            return self._policy(record)
        if kind == "functions":
            comments = self._comments(f"{qualified(record.schema, record.name)}(")
            return f"{self._function(record)} {self._function_grants(record)} {comments}".rstrip()
        if kind == "grants":
            return self._grant(record, record.privileges, record.grantable)
        if kind == "comments":
            return f"comment on {self._commented(record)} is {literal(record.text)};"
        if kind == "sequences":
            return self._sequence(record)
        if kind == "relations":
            return self._relation(record)
        if kind == "types" and record.kind == "enum":
            labels = ", ".join(literal(label) for label in record.labels)
            return f"create type {self._name(kind, record)} as enum ({labels});"
        return f"-- create it again: {kind} {getattr(record, 'name', '')}"

    def _relation(self, record: Any) -> str:
        name = qualified(record.schema, record.name)
        if record.kind in ("view", "materialized view"):
            return f"create {record.kind} {name} as {record.definition}"
        columns = [c for c in self.wanted.columns if c.table == record.name]
        parts = [f"create table {name} ({', '.join(_column(column) for column in columns)});"]
        if record.options:
            parts.append(f"alter table {name} set ({', '.join(record.options)});")
        parts.append(self._targets(columns))
        order = ("primary key", "unique", "exclusion", "check", "foreign key")
        own = [c for c in self.wanted.constraints if c.table == record.name and not c.of_domain]
        parts += [
            self._create("constraints", c) for c in sorted(own, key=lambda c: (order.index(c.kind), c.name))
        ]
        for kind in ("indexes", "triggers", "rules", "policies"):
            parts += [
                self._create(kind, item)
                for item in getattr(self.wanted, kind)
                if item.table == record.name and not getattr(item, "constraint", None)
            ]
        parts += [
            self._create("grants", g)
            for g in self.wanted.grants
            if g.object == record.name and g.kind in ("table", "column")
        ]
        parts.append(self._comments(name, f"{name}."))
        return self._with_sequences(columns, " ".join(part for part in parts if part))

    def _comments(self, *starts: str) -> str:
        """The comments on an object made anew: one named so, or, with `.` or `(` at the end, starting so."""
        return " ".join(
            self._create("comments", comment)
            for comment in self.wanted.comments
            if any(
                comment.object.startswith(start) if start[-1] in ".(" else comment.object == start
                for start in starts
            )
        )

    def _with_sequences(self, columns: list[Any], text: str) -> str:
        """The statements between what makes the columns' sequences and what ties them to the columns."""
        names = {qualified(c.schema, c.table, c.name) for c in columns}
        own = [s for s in self.wanted.sequences if s.owned_by in names and s not in self.found.sequences]
        own = [s for s in own if "nextval" in text]  # an identity column makes its own
        ties = [f"alter sequence {qualified(s.schema, s.name)} owned by {s.owned_by};" for s in own]
        return " ".join([*(self._sequence(s) for s in own), text, *ties])

    def _function_grants(self, record: Any) -> str:
        """PUBLIC may execute what is created anew, so that is taken back and the rest is given."""
        name = f"{record.name}({record.identity})"
        grants = [g for g in self.wanted.grants if g.kind == "function" and g.object == name]
        whole = f"{qualified(record.schema, record.name)}({record.identity})"
        parts = [f"revoke all on function {whole} from public;"]
        return " ".join(parts + [self._create("grants", grant) for grant in grants])

    def _targets(self, columns: list[Any]) -> str:
        return " ".join(
            f"alter table {self._table(c)} alter column {quoted(c.name)}"
            f" set statistics {c.statistics_target};"
            for c in columns
            if c.statistics_target is not None
        )

    def _policy(self, record: Any) -> str:
        roles = ", ".join(self._role(role) for role in record.roles)
        text = f"create policy {quoted(record.name)} on {self._table(record)}"
        text += f" as {'permissive' if record.permissive else 'restrictive'} for {record.command} to {roles}"
        if record.using:
            text += f" using ({record.using})"
        if record.check:
            text += f" with check ({record.check})"
        return text + ";"

    def _function(self, record: Any) -> str:
        if record.kind == "aggregate":
            return f"-- create the aggregate {qualified(record.schema, record.name)} again"
        text = f"create or replace {self._word('functions', record)} "
        text += f"{qualified(record.schema, record.name)}({record.arguments})"
        if record.result:
            text += f" returns {record.result}"
        text += f" language {record.language}"
        if record.kind != "procedure":
            text += f" {record.volatility}{' strict' if record.strict else ''} parallel {record.parallel}"
            text += " leakproof" if record.leakproof else ""
        text += " security definer" if record.security_definer else ""
        for line in record.config:
            name, _, value = line.partition("=")
            # a search_path is kept as a list of identifiers, any other value as one string
            text += f" set {name} to {value if name == 'search_path' and value else literal(value)}"
        if record.sql_body:
            return f"{text} {record.sql_body};"
        tag = "$body$"
        while tag in record.body:
            tag = tag[:-1] + "_$"
        return f"{text} as {tag}{record.body}{tag};"

    def _sequence(self, record: Any) -> str:
        text = (
            f"create sequence {qualified(record.schema, record.name)} as {record.type}"
            f" start {record.start} increment {record.increment} minvalue {record.minimum}"
            f" maxvalue {record.maximum} cache {record.cache} {'' if record.cycle else 'no '}cycle"
        )
        return text + ";"

    # ------------------------------------------------------------------- rights

    def _on(self, grant: Any) -> str:
        name = grant.object if "(" in grant.object else quoted(grant.object)
        whole = f"{quoted(grant.schema)}.{name}" if grant.schema else name
        return f"{'table' if grant.kind == 'column' else grant.kind} {whole}"

    def _list(self, grant: Any, privileges: tuple[str, ...]) -> str:
        column = f" ({quoted(grant.column)})" if grant.column else ""
        return ", ".join(f"{privilege.lower()}{column}" for privilege in privileges)

    def _grant(self, grant: Any, privileges: tuple[str, ...], grantable: tuple[str, ...]) -> str:
        plain = tuple(p for p in privileges if p not in grantable)
        to = f"on {self._on(grant)} to {self._role(grant.grantee)}"
        parts = [f"grant {self._list(grant, plain)} {to};"] if plain else []
        if grantable:
            parts.append(f"grant {self._list(grant, grantable)} {to} with grant option;")
        if not privileges:
            return f"revoke all on {self._on(grant)} from {self._role(grant.grantee)};"
        return " ".join(parts)

    def _revoke(self, grant: Any, privileges: tuple[str, ...]) -> str:
        if not privileges:  # an owner that gave up its own rights
            return f"grant all on {self._on(grant)} to {self._role(grant.grantee)};"
        gone = self._list(grant, privileges)
        return f"revoke {gone} on {self._on(grant)} from {self._role(grant.grantee)};"

    def _default(self, record: Any) -> str:
        where = f" in schema {quoted(record.schema)}" if record.schema else ""
        return f"alter default privileges for role {self._role(record.role)}{where}"

    def _commented(self, record: Any) -> str:
        word = {"table constraint": "constraint", "domain constraint": "constraint"}.get(
            record.kind, record.kind
        )
        return f"{word} {record.object}"

    # ------------------------------------------------------------------- fields

    def _columns_field(self, old: Any, new: Any, name: str) -> str:
        head = f"alter table {self._table(old)} alter column {quoted(old.name)}"
        if name == "type" or name == "collation":
            collation = f" collate {old.collation}" if old.collation else ""
            return f"{head} type {old.type}{collation};"
        if name == "not_null":
            return f"{head} {'set' if old.not_null else 'drop'} not null;"
        if name == "default" and not old.generated:
            return f"{head} set default {old.default};" if old.default else f"{head} drop default;"
        if name == "statistics_target":
            target = -1 if old.statistics_target is None else old.statistics_target
            return f"{head} set statistics {target};"
        if name == "storage":
            return f"{head} set storage {old.storage};"
        if name == "compression":
            return f"{head} set compression {old.compression or 'default'};"
        if name == "position":
            return "-- the order of columns is fixed at creation and means nothing to the functions"
        if name == "identity":
            if old.identity is None:
                return f"{head} drop identity;"
            verb = "set generated" if new.identity else "add generated"
            return f"{head} {verb} {old.identity}{'' if new.identity else ' as identity'};"
        return ""

    def _relations_field(self, old: Any, new: Any, name: str) -> str:
        head = f"alter {_RELATION.get(old.kind, old.kind)} {qualified(old.schema, old.name)}"
        if name == "row_security":
            return f"{head} {'enable' if old.row_security else 'disable'} row level security;"
        if name == "row_security_forced":
            return f"{head} {'force' if old.row_security_forced else 'no force'} row level security;"
        if name == "persistence":
            return f"{head} set {'logged' if old.persistence == 'permanent' else 'unlogged'};"
        if name == "replica_identity":
            return f"{head} replica identity {old.replica_identity};"
        if name == "options":
            gone = [option.partition("=")[0] for option in new.options if option not in old.options]
            parts = [f"{head} reset ({', '.join(gone)});"] if gone else []
            parts += [f"{head} set ({', '.join(old.options)});"] if old.options else []
            return " ".join(parts)
        if name == "definition" and old.kind == "view":
            return f"create or replace view {qualified(old.schema, old.name)} as {old.definition}"
        return f"-- {name} of {qualified(old.schema, old.name)} must be mended by hand"

    def _constraints_field(self, old: Any, new: Any, name: str) -> str:
        if name == "validated" and old.validated and new.enforced:
            return f"alter table {self._table(old)} validate constraint {quoted(old.name)};"
        return ""

    def _indexes_field(self, old: Any, new: Any, name: str) -> str:
        if name in ("valid", "ready", "live"):
            return f"reindex index concurrently {qualified(old.schema, old.name)};"
        if name == "statistics_targets":
            wanted = dict(target.split("=") for target in old.statistics_targets)
            gone = {target.partition("=")[0] for target in new.statistics_targets} - set(wanted)
            index = qualified(old.schema, old.name)
            return " ".join(
                f"alter index {index} alter column {column} set statistics {target};"
                for column, target in sorted([*wanted.items(), *((column, "-1") for column in gone)])
            )
        if name == "options":
            index = qualified(old.schema, old.name)
            return f"alter index {index} set ({', '.join(old.options) or 'fillfactor=90'});"
        return ""

    def _sequences_field(self, old: Any, _new: Any, name: str) -> str:
        head = f"alter sequence {qualified(old.schema, old.name)}"
        words = {"type": "as", "start": "start", "minimum": "minvalue", "maximum": "maxvalue"}
        words |= {"increment": "increment", "cache": "cache"}
        if name in words:
            return f"{head} {words[name]} {getattr(old, name)};"
        if name == "cycle":
            return f"{head} {'' if old.cycle else 'no '}cycle;"
        return f"{head} owned by {old.owned_by or 'none'};"

    def _triggers_field(self, old: Any, _new: Any, name: str) -> str:
        if name == "enabled":
            return f"alter table {self._table(old)} {_FIRES[old.enabled]} trigger {quoted(old.name)};"
        return ""

    def _functions_field(self, old: Any, new: Any, name: str) -> str:
        if name in ("result", "kind"):
            return ""
        return self._function(old) if name != "arguments" or old.kind == new.kind else ""

    def _grants_field(self, old: Any, new: Any, _name: str) -> str:
        less = tuple(p for p in new.privileges if p not in old.privileges)
        more = tuple(p for p in old.privileges if p not in new.privileges)
        parts = [self._revoke(old, less)] if less else []
        if more:
            parts.append(self._grant(old, more, tuple(p for p in more if p in old.grantable)))
        option = tuple(p for p in new.grantable if p not in old.grantable and p not in less)
        if option:
            gone = self._list(old, option)
            role = self._role(old.grantee)
            parts.append(f"revoke grant option for {gone} on {self._on(old)} from {role};")
        return " ".join(parts)

    def _comments_field(self, old: Any, _new: Any, _name: str) -> str:
        return self._create("comments", old)

    def _roles_field(self, old: Any, _new: Any, name: str) -> str:
        words = {
            "superuser": "superuser", "login": "login", "inherit": "inherit", "create_role": "createrole",
            "create_database": "createdb", "replication": "replication", "bypass_row_security": "bypassrls",
        }  # fmt: skip
        return f"alter role {quoted(old.name)} {'' if getattr(old, name) else 'no'}{words[name]};"


def _place(column: Any) -> tuple[str, str, str]:
    return column.schema, column.table, column.name


def _column(column: Any) -> str:
    text = f"{quoted(column.name)} {column.type}"
    if column.collation:
        text += f" collate {column.collation}"
    if column.generated:
        text += f" generated always as ({column.default}) {column.generated}"
    elif column.identity:
        text += f" generated {column.identity} as identity"
    elif column.default:
        text += f" default {column.default}"
    return text + (" not null" if column.not_null else "")

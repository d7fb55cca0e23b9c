"""What of a platform explains a finding: an entry of its profile, or what the team declared of it.

Only as wide as declared: a group with one membership more, a slot of another name, a setting of another value
stay findings. Nothing here reaches a role that owns our tables or is in one of our groups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from nosender.privacy_audit.finding import Severity
from nosender.privacy_audit.platforms.profile import ATTRIBUTES, Entry
from nosender.privacy_audit.platforms.setup import place_of
from nosender.privacy_audit.snapshot.memberships import held, reached
from nosender.privacy_audit.snapshot.object_names import dotted, function_name
from nosender.privacy_audit.snapshot.snapshot import brought_along

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.platforms.profile import Profile
    from nosender.privacy_audit.snapshot.snapshot import Snapshot
    from nosender.project.platform import Platform
    from nosender.schema.observe.cluster_model import Role as LiveRole

READS = "read everything"
COPIES = "keep copies of deleted rows"

SETTINGS = (
    "copied-log",
    "error-logging",
    "other-time-zone",
    "preloaded-library",
    "recording-setting",
    "stored-setting",
)
"""The checks of settings; no other finding is moved because of one, whatever it calls its object."""

Move = tuple[str, str]
"""What the party can do by it, and by what entry or declaration."""


@dataclass(frozen=True)
class Place:
    """A database on a declared platform."""

    snapshot: Snapshot
    profile: Profile
    declared: Platform

    def move(self, finding: Finding) -> tuple[bool, Move] | None:
        """Whether the party is the team's own, and what moves the finding to it; None where nothing does."""
        if finding.check == "all-seeing-role":
            return self._role(finding)
        by = self._by(finding)
        return None if by is None else (False, by)

    def strangers(self) -> dict[str, str]:
        """Who reads everything and is neither the platform's nor declared, and why: members of its roles, who
        become what those are, and superusers.
        """
        known = {each.name for each in self.profile.roles}
        found: dict[str, str] = {}
        for role in self.snapshot.live.roles:
            if role.name in self.profile.groups and role.superuser:
                found[role.name] = f"a group that {self.profile.provider} makes, and no superuser there"
            if role.name in known or self.is_administrator(role.name):
                continue
            into = sorted(known & reached(self.snapshot.live, role.name))
            if into:
                found[role.name] = f"a member of {', '.join(into)}, made by {self.profile.provider}"
            elif role.superuser:
                found[role.name] = f"a superuser that {self.profile.provider} does not make"
        return found

    def is_administrator(self, name: str) -> bool:
        """Whether the team declares it, and it is none that writes, sweeps or audits, and no group of the
        platform's: a login is named, and not whoever joins.
        """
        declared = name in (self.declared.administrators or ())
        return declared and name not in self.profile.groups and not self.is_ours(name)

    def is_ours(self, name: str) -> bool:
        """Whether it is one of our groups or has the rights of one; who created one only lets others in."""
        owns = any(each.owner == name for each in self.snapshot.tables.values())
        return not owns and bool(({name} | held(self.snapshot.live, name)) & self._groups)

    @cached_property
    def _groups(self) -> set[str]:
        return {each.name for each in self.snapshot.catalogue.roles}

    @cached_property
    def _live(self) -> dict[str, LiveRole]:
        return {dotted(each.name): each for each in self.snapshot.live.roles}

    def _may(self, name: str) -> bool:
        """A role of the platform's may be no owner of ours, in no group of ours, and not made by others: who
        makes a role has the admin option on it, from 16 on.
        """
        owners = {each.owner for each in self.snapshot.tables.values()}
        return not (
            name in owners or self._groups & reached(self.snapshot.live, name) or self.made_here(name)
        )

    def made_here(self, name: str) -> list[str]:
        """Who else than the platform lets others into a role that is called like one of its own."""
        if name not in self.profile.provider_roles:
            return []
        supers = {each.name for each in self.snapshot.live.roles if each.superuser}
        return sorted(
            each.member
            for each in self.snapshot.live.memberships
            if each.role == name and each.admin and each.member not in self.profile.provider_roles | supers
        )

    def _own(self, name: str) -> bool:
        """Whether it is the platform's, or an administrator's, who is trusted as much."""
        return name in self.profile.provider_roles or self.is_administrator(name)

    def _role(self, finding: Finding) -> tuple[bool, Move] | None:
        live = self._live.get(finding.object)
        if live is None:
            return None
        if self.is_administrator(live.name):
            return True, (READS, f"administrators of {self.declared.place}")
        for role in self.profile.roles:
            if role.name == live.name and self._may(live.name):
                return None if self.beyond(live.name) else (False, (READS, f"role {role.name}"))
        return None

    def beyond(self, name: str) -> list[str]:
        """What a role of the platform has beside the memberships and attributes of its profile: a group, and
        one of its own where the profile says what it has.
        """
        live = self._live.get(dotted(name))
        group = next((each for each in self.profile.roles if each.name == name and each.bound), None)
        if group is None or live is None:
            return []
        into = {each.role for each in self.snapshot.live.memberships if each.member == name}
        has = {each for each in ATTRIBUTES if getattr(live, each)}
        more = [f"member of {each}" for each in sorted(into - set(group.memberships))]
        return more + [each.replace("_", " ") for each in sorted(has - set(group.attributes))]

    def stays(self, finding: Finding) -> str:
        """What to say of a finding that the platform explains in part, or that is set elsewhere there."""
        live = self._live.get(finding.object)
        if finding.check == "all-seeing-role" and live is not None:
            if makers := self.made_here(live.name):
                return (
                    f"{self.profile.provider} has a role of that name, and {', '.join(makers)} made this one."
                )
            if more := self.beyond(live.name):
                return f"The profile of {self.profile.provider} does not say: {', '.join(more)}."
        if finding.check in ("copied-log", "pinned-rows") and self._follows(finding):
            return f"{self.followers} follow the server, and replicas = {self.declared.replicas} is declared."
        place = place_of(self.profile, finding.object) if finding.kind == "setting" else None
        return f"On {self.profile.title} it is set in {place}." if place else ""

    @cached_property
    def followers(self) -> int:
        """How many follow the server: slots of standbys, or receivers without one."""
        slots = self.snapshot.surroundings.slots
        named = [each for name, kind in slots for each in self._slots(name, kind)]
        return max(
            len([each for each in named if each.values["means"] == "standby"]),
            self.snapshot.surroundings.standbys,
        )

    def _follows(self, finding: Finding) -> bool:
        """Whether it stays because of how many there are."""
        return finding.object == "receivers" or any(
            dotted(name) == finding.object and entry.values["means"] == "standby"
            for name, kind in self.snapshot.surroundings.slots
            for entry in self._slots(name, kind)
        )

    def _by(self, finding: Finding) -> Move | None:
        """The entry that says exactly what the finding says."""
        if finding.check in SETTINGS and finding.kind in ("setting", "stored setting"):
            return self._set(finding)
        if finding.check in ("copied-log", "pinned-rows"):
            return self._copies(finding)
        if finding.check == "default-privilege":
            return self._granted(self._defaults(finding.object), "default_privilege", "of")
        if finding.check == "system-privilege":
            return self._system_right(finding.object)
        if finding.check == "undeclared-extension":
            return self._extension(finding)
        if finding.check in ("undeclared-event-trigger", "sending-function"):
            return self._watcher(finding)
        if finding.check == "undeclared-publication":
            return self._publication(finding.object)
        if finding.check == "schema-privilege":
            creators = finding.facts.get("creators")
            pairs = (
                {(finding.object, str(each)) for each in creators} if isinstance(creators, list) else set()
            )
            return self._granted(pairs, "schema_grant", "schema")
        return None

    def _set(self, finding: Finding) -> Move | None:
        """A setting of the server's, or one that is stored for a role of the platform's."""
        stored = self._stored(finding.object)
        if stored is not None:
            return READS, stored.words
        if finding.check == "preloaded-library":
            return self._libraries(finding.object)
        entry = self._setting(finding.object)
        return None if entry is None else (COPIES, entry.words)

    def _stored(self, name: str) -> Entry | None:
        """The role whose stored setting it is; another setting of that name for others stays."""
        here = [
            each
            for each in self.snapshot.live.role_settings
            if f"{dotted(each.role or each.database or 'every role')}: {each.name}" == name
        ]
        for entry in self.profile.of("stored_setting"):
            role, only = entry.values["role"], entry.values.get("name")
            said = all(each.role == role and only in (None, each.name) for each in here)
            if here and said and self._may(role):
                return entry
        return None

    def _setting(self, name: str) -> Entry | None:
        live = next((each for each in self.snapshot.live.settings if each.name == name), None)
        for entry in self.profile.of("setting"):
            if live is not None and entry.values["name"] == name and entry.values["fixed"] == live.value:
                return entry
        return None

    def _libraries(self, name: str) -> Move | None:
        live = next((each for each in self.snapshot.live.settings if each.name == name), None)
        if name != "shared_preload_libraries" or live is None:
            return None
        loaded = {each.strip().strip('"') for each in (live.value or "").split(",")}
        known = {each.values["name"] for each in self.profile.of("library")}
        return (READS, f"library {', '.join(sorted(loaded))}") if loaded <= known else None

    def _copies(self, finding: Finding) -> Move | None:
        """A slot of the profile's, standbys no more than are declared; receivers without one likewise."""
        most = self.declared.replicas
        standbys = self.snapshot.surroundings.standbys
        if finding.object == "receivers":
            return (
                (COPIES, f"replicas of {self.declared.place}") if most is None or standbys <= most else None
            )
        slots = [
            (entry, name)
            for name, kind in self.snapshot.surroundings.slots
            for entry in self._slots(name, kind)
        ]
        followers = [name for entry, name in slots if entry.values["means"] == "standby"]
        for entry, name in slots:
            if dotted(name) == finding.object and finding.kind == "replication slot":
                few = most is None or len(followers) <= most
                return (COPIES, entry.words) if few or name not in followers else None
        return None

    def _slots(self, name: str, kind: str) -> list[Entry]:
        entries = self.profile.of("slot") if kind == "physical" else []
        return [each for each in entries if fnmatchcase(name, each.values["name"])][:1]

    def _system_right(self, name: str) -> Move | None:
        """Of one object each grantee must be in an entry: the check names one of them."""
        named = name.replace("pg_catalog.", "")
        rights = self.snapshot.surroundings.system_rights
        held = {each.grantee for each in rights if f"{each.kind} {each.object}" == name}
        entries = [each for each in self.profile.of("system_right") if fnmatchcase(named, each.values["on"])]
        if not held or not held <= {each.values["to"] for each in entries} or not all(map(self._may, held)):
            return None
        return READS, "; ".join(each.words for each in entries if each.values["to"] in held)

    def _extension(self, finding: Finding) -> Move | None:
        """One of the platform's, of whatever version, with code in C or of the platform's own roles and the
        administrators'; what keeps or sends rows stays a finding.
        """
        named = [each for each in self.snapshot.live.extensions if dotted(each.name) == finding.object]
        if len(named) != 1 or finding.severity is Severity.HIGH:
            return None
        (live,) = named
        code = [each for each in self.snapshot.live.functions if each.extension == live.name]
        if not all(brought_along(each) or self._own(each.owner) for each in code):
            return None
        for entry in self.profile.of("extension"):
            if (entry.values["name"], entry.values["schema"]) == (live.name, live.schema):
                return READS, entry.words
        return None

    def _watcher(self, finding: Finding) -> Move | None:
        """An event trigger of the platform's that runs one of the texts that are known, or that function."""
        for entry in self.profile.of("event_trigger"):
            if not self._known_body(entry):
                continue
            if finding.check == "sending-function" and finding.object == f"{entry.values['function']}()":
                return READS, entry.words
            for each in self.snapshot.live.event_triggers:
                if (
                    dotted(each.name) == finding.object
                    and each.name == entry.values["name"]
                    and each.function == f"{entry.values['function']}()"
                    and self._own(each.owner)
                ):
                    return READS, entry.words
        return None

    def _known_body(self, entry: Entry) -> bool:
        """Whether the function of an entry has one of its texts, and runs in the rights of whoever calls."""
        found = [
            each
            for each in self.snapshot.live.functions
            if function_name(each) == f"{entry.values['function']}()"
        ]
        return len(found) == 1 and (
            not found[0].security_definer
            and hashlib.sha256(found[0].body.encode()).hexdigest() in entry.values["bodies"].split()
        )

    def _publication(self, name: str) -> Move | None:
        """One that the platform makes, as long as it publishes nothing."""
        for each in self.snapshot.live.publications:
            if dotted(each.name) == name and not (each.all_tables or each.schemas or each.tables):
                for entry in self.profile.of("publication"):
                    if entry.values["name"] == each.name:
                        return COPIES, entry.words
        return None

    def _defaults(self, name: str) -> set[tuple[str, str]]:
        return {
            (each.role, each.grantee)
            for each in self.snapshot.live.default_privileges
            if f"{dotted(each.role)}: {each.kind}" == name
            and each.grantee != each.role
            and (each.schema is None or each.schema in self.snapshot.scope)
        }

    def _granted(self, pairs: Iterable[tuple[str, str]], kind: str, key: str) -> Move | None:
        known = {(each.values[key], each.values["to"]): each for each in self.profile.of(kind)}
        found = [known.get(pair) for pair in sorted(pairs)]
        # What an owner of ours is given of others' objects reaches nothing that is not its own already.
        owners = (
            {each.owner for each in self.snapshot.tables.values()} if kind == "default_privilege" else set()
        )
        if not found or None in found or not all(to in owners or self._may(to) for _, to in pairs):
            return None
        return READS, "; ".join(each.words for each in found if each is not None)

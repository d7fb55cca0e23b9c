"""A snapshot of a stock server, as it were on a platform: everything that a profile names is there."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from nosender.privacy_audit.platforms.profile import ATTRIBUTES, Profile
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.privacy_audit.snapshot.surroundings import Holder, Surroundings, SystemRight
from nosender.schema.observe import Observation
from nosender.schema.observe.cluster_model import (
    EventTrigger,
    Extension,
    Membership,
    Publication,
    Role,
    RoleSetting,
)
from nosender.schema.observe.model import DefaultPrivilege


def shaped(snapshot: Snapshot, profile: Profile) -> Snapshot:
    """The snapshot as it were on the platform: everything that the profile names is there, and no more."""
    live = snapshot.live

    def role(name: str, *has: str) -> Role:
        given: dict[str, Any] = {each: each in has for each in ATTRIBUTES}
        return Role(name=name, inherit=True, **given)

    kept = [each for each in live.roles if not each.superuser]
    extra = {
        each.name: role(each.name, *each.attributes, *_more(profile, each.name)) for each in profile.roles
    }
    extra.setdefault(profile.known_by, role(profile.known_by))
    fixed = {each.values["name"]: each.values["fixed"] for each in profile.of("setting")}
    if libraries := [each.values["name"] for each in profile.of("library")]:
        fixed["shared_preload_libraries"] = ", ".join(libraries)
    public = next(each for each in live.grants if each.kind == "schema" and each.object == "public")
    return replace(
        snapshot,
        live=replace(
            live,
            roles=(*kept, *extra.values()),
            memberships=(
                *live.memberships,
                *(
                    Membership(into, each.name, admin=True, inherit=True, set=True)
                    for each in profile.roles
                    for into in each.memberships
                ),
            ),
            role_settings=tuple(
                RoleSetting(each.values["role"], None, each.values.get("name", "log_statement"), "all")
                for each in profile.of("stored_setting")
            ),
            settings=(
                *(each for each in live.settings if each.name not in fixed),
                *(
                    replace(live.settings[0], name=name, value=value, state="set")
                    for name, value in fixed.items()
                ),
            ),
            default_privileges=tuple(
                DefaultPrivilege(
                    each.values["of"], "public", f"table {number}", each.values["to"], ("SELECT",), ()
                )
                for number, each in enumerate(profile.of("default_privilege"))
            ),
            grants=(
                *live.grants,
                *(
                    replace(public, grantee=each.values["to"], privileges=("CREATE", "USAGE"))
                    for each in profile.of("schema_grant")
                ),
            ),
            **_watched(live, profile),
        ),
        surroundings=_around(snapshot.surroundings, profile),
    )


SAYS = "begin notify pgrst; end"
"""What each event trigger of a platform runs here."""


def knowing(profile: Profile) -> Profile:
    """The profile, as if that were the text that it knows of each."""
    digest = hashlib.sha256(SAYS.encode()).hexdigest()
    return replace(
        profile,
        entries=tuple(
            replace(each, values={**each.values, "bodies": digest}) if each.kind == "event_trigger" else each
            for each in profile.entries
        ),
    )


def _watched(live: Observation, profile: Profile) -> dict[str, Any]:
    """Its extensions, event triggers with their functions, and publications."""
    own, triggers = live.functions[0], profile.of("event_trigger")
    functions = tuple(
        replace(
            own, schema=schema, name=name, identity="", arguments="", body=SAYS, kind="function",
            language="plpgsql", extension=None, security_definer=False, owner=profile.bootstrap,
        )
        for schema, _, name in (each.values["function"].partition(".") for each in triggers)
    )  # fmt: skip
    return {
        "extensions": (
            *live.extensions,
            *(
                Extension(each.values["name"], "1", each.values["schema"], profile.bootstrap)
                for each in profile.of("extension")
            ),
        ),
        "functions": (*live.functions, *functions),
        "event_triggers": tuple(
            EventTrigger(
                each.values["name"], "sql_drop", "origin", profile.bootstrap, f"{each.values['function']}()",
                (), None,
            )
            for each in triggers
        ),
        "publications": tuple(
            Publication(each.values["name"], "postgres", False, (), (), ("insert",), False)
            for each in profile.of("publication")
        ),
    }  # fmt: skip


def _around(around: Surroundings, profile: Profile) -> Surroundings:
    slots = [each.values["name"].replace("*", "two") for each in profile.of("slot")]
    return replace(
        around,
        bootstrap=profile.bootstrap,
        slots=tuple((name, "physical") for name in slots),
        holders=tuple(Holder("replication slot", name, None) for name in slots),
        system_rights=tuple(
            SystemRight(each.values["to"], name.replace("*", "name"), kind, "SELECT")
            for each in profile.of("system_right")
            for kind, _, name in [each.values["on"].partition(" ")]
        ),
    )


def _more(profile: Profile, name: str) -> tuple[str, ...]:
    """What makes a role of the platform's own one that is found."""
    if name == profile.bootstrap:
        return ("superuser", "login")
    bound = {each.name for each in profile.roles if each.bound}
    return () if name in bound else ("replication",)

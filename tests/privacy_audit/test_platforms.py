"""On somebody else's server: true verdicts that name whom they trust, and nothing wider than was declared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender.errors import IncompleteError, UsageError
from nosender.privacy_audit.check import discover
from nosender.privacy_audit.evidence import attest
from nosender.privacy_audit.evidence.binding import bound
from nosender.privacy_audit.finding import Finding, Severity, Verdict
from nosender.privacy_audit.platforms import setup
from nosender.privacy_audit.platforms.page import managed_page
from nosender.privacy_audit.platforms.profile import ATTRIBUTES, FOLDER, Profile, profiles, read
from nosender.privacy_audit.platforms.setup import VALUES, Who
from nosender.privacy_audit.platforms.trusted import Applied, apply
from nosender.privacy_audit.reports import html, markdown, stored, text
from nosender.privacy_audit.reports import json as plain
from nosender.privacy_audit.result.audit import CheckResult
from nosender.privacy_audit.runner import ask, read_snapshot
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.project import Platform, find
from nosender.project.platform import NAMES
from nosender.retention.sweep import sweep
from nosender.schema.catalogue import load
from nosender.schema.observe.cluster_model import (
    Extension,
    Membership,
    Role,
    RoleSetting,
)
from nosender.server.binaries import find_binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target
from nosender.toml_reader import Place

from ..conftest import clone, migrated_template
from .emulations import SETTINGS, Emulation, emulated, stubs
from .shaped import SAYS, knowing, shaped

ASKED = tuple(
    loaded
    for loaded in discover()
    if loaded.check.slug
    in (
        "all-seeing-role",
        "copied-log",
        "default-privilege",
        "pinned-rows",
        "preloaded-library",
        "recording-setting",
        "schema-privilege",
        "sending-function",
        "stored-setting",
        "system-privilege",
        "undeclared-event-trigger",
        "undeclared-extension",
        "undeclared-publication",
    )
)
TODAY = date(2026, 11, 28)


@pytest.fixture(scope="module")
def clusters() -> Iterator[Callable[[str], EmbeddedServer]]:
    """One server for all emulations that start alike, one after the other."""
    with ExitStack() as running:
        started: list[tuple[dict[str, str], EmbeddedServer]] = []

        def of(name: str) -> EmbeddedServer:
            for settings, server in started:
                if settings == SETTINGS[name]:
                    return server
            elsewhere = {}
            if name == "supabase" and find_binaries().major >= 18:
                folder = Path(running.enter_context(TemporaryDirectory()))
                folder.chmod(0o755)  # the server may be somebody else's process
                stubs(folder)
                elsewhere = {"extension_control_path": f"$system:{folder}"}
            server = running.enter_context(EmbeddedServer(settings=SETTINGS[name] | elsewhere))
            started.append((SETTINGS[name], server))
            return server

        yield of


@pytest.fixture(scope="module", params=["rds", "cloudsql", "azure", "supabase", "cnpg", "neon"])
def platform(
    request: pytest.FixtureRequest,
    clusters: Callable[[str], EmbeddedServer],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Emulation]:
    """Set up as `platform setup` says, and swept once."""
    cluster = clusters(request.param)
    if cluster.binaries.major < 16:
        pytest.skip("the roles are those of 16 and later")
    with emulated(cluster, request.param, tmp_path_factory.mktemp(request.param)) as made:
        sweep(Target(make_conninfo(made.conninfo, user="sweeper"), made.schema))
        yield made


@pytest.fixture(scope="module")
def stock(server: EmbeddedServer) -> Iterator[Snapshot]:
    """What is read of a server of nobody else's."""
    with clone(server, migrated_template(server)) as conninfo, psycopg.connect(conninfo) as connection:
        yield read_snapshot(connection, "public", load(), call_probes=False).snapshot


def group_of(name: str) -> str:
    """The group into which its console puts everybody."""
    return next(each.name for each in profiles()[name].groups.values() if each.memberships)


def test_a_customer_without_a_superuser_passes_and_the_verdict_names_whom_it_trusts(
    platform: Emulation, tmp_path: Path
) -> None:
    audit = platform.declare().audit()
    assert audit.verdict is Verdict.PASS, [each.object for each in audit.gating()]
    assert audit.waivers == ()
    # From 16 on an admin grants what it has the admin option on, and by the dumps some have none.
    assert platform.reader == ("auditor" if platform.name in ("azure", "cnpg") else "customer")
    trust, provider = audit.trust, profiles()[platform.name].provider
    assert trust is not None
    (least,) = [each for each in audit.claims if each.claim.value == "least-privilege"]
    phrase = f"{provider} ({profiles()[platform.name].bootstrap}, "
    assert least.trusted[0].startswith(phrase)
    assert least.trusted[0].endswith("), who can read everything")
    assert {each.check for each in trust.moved} >= {"all-seeing-role", "copied-log"}
    if platform.name == "supabase" and find_binaries().major >= 18:
        assert {each.check for each in trust.moved} >= {"undeclared-extension", "undeclared-event-trigger"}
    said = f"Holds, except {least.trusted[0]}"
    assert said in markdown.render(audit).replace("\\", "")
    assert said in html.render(audit)
    shown = " ".join(text.render(audit).split())
    assert f"{said}." in shown
    assert "lifetime 1 h + 7 days (declared)" in shown
    assert any("1 h + 7 days (declared)" in limit for limit in audit.limits)
    assert bound(json.loads(plain.render(audit))).endswith(f", trusting {trust.title}")
    # The stored report is the same again, and what is signed in clear has all of it.
    report = plain.render(audit)
    assert plain.render(stored.stored(json.loads(report), "report.json")) == report
    attest.make_key(tmp_path / "key")
    envelope = attest.sign(report.encode(), "report.json", [attest.load_private_key(tmp_path / "key")])
    key = attest.load_public_key(tmp_path / "key.pub")
    verified = attest.verify(report.encode(), envelope, "report.json", [key])
    assert not isinstance(verified, str)
    assert verified.predicate["trust"]["said"]["backup_days"] == 7
    assert verified.predicate["trust"]["parties"][0]["phrase"] == least.trusted[0]


def look(platform: Emulation) -> Applied:
    """The answers of the checks that a platform can move, as it is at this moment, without the probes."""
    with platform.superuser() as connection:
        snapshot = read_snapshot(connection, platform.schema, load(), call_probes=False).snapshot
    known = {name: knowing(profile) for name, profile in profiles().items()}
    return judged(snapshot, find(platform.folder).platform, known)


def asked(snapshot: Snapshot) -> tuple[list[CheckResult], list[Finding]]:
    """What the checks answer, before anything is moved."""
    results, findings = [], []
    for loaded in ASKED:
        result, found = ask(loaded, snapshot)
        results.append(result)
        findings += found
    return results, findings


def judged(snapshot: Snapshot, declared: Platform | None, known: dict[str, Profile] | None = None) -> Applied:
    return apply(snapshot, declared, *asked(snapshot), TODAY, known)


def deciding(applied: Applied) -> dict[str, Finding]:
    return {each.object: each for each in applied.findings if each.gates(Severity.MEDIUM)}


def test_whoever_joins_the_group_of_the_platform_is_a_finding_by_name(platform: Emulation) -> None:
    if not profiles()[platform.name].groups:
        pytest.skip("an operator has no such group")
    group = group_of(platform.name)
    platform.declare()
    with platform.superuser() as owner:
        owner.execute(f"create role alice login; create role among in role {group}".encode())
        owner.execute(f"grant {group} to messenger; grant among to alice".encode())
        try:
            found = deciding(look(platform))
            assert {name: each.severity for name, each in found.items()} == {
                "messenger": Severity.CRITICAL,
                "alice": Severity.HIGH,
                "among": Severity.MEDIUM,
            }
            assert group in found["alice"].detail
            # Declared, alice is trusted by name; a login of ours is not, whatever is declared.
            platform.declare('["customer"]', '["customer", "alice", "among", "messenger"]')
            applied = look(platform)
            assert set(deciding(applied)) == {"messenger"}
            assert applied.trust is not None
            assert applied.trust.parties[1].roles == ("customer", "alice", "among")
        finally:
            owner.execute(b"drop role alice, among")
            owner.execute(f"revoke {group} from messenger".encode())
    platform.declare()
    assert deciding(look(platform)) == {}


def test_a_group_is_only_as_wide_as_its_profile_says(platform: Emulation) -> None:
    if not profiles()[platform.name].groups:
        pytest.skip("an operator has no such group")
    group = group_of(platform.name)
    has = profiles()[platform.name].groups[group].attributes
    more = "login" if "bypass_row_security" in has else "bypassrls"
    platform.declare()
    if platform.name == "neon":  # a login is declared, and no group
        platform.declare('["customer"]', f'["customer", "{group}"]')
    for wider, undone in (
        (f"grant pg_execute_server_program to {group}", f"revoke pg_execute_server_program from {group}"),
        (f"alter role {group} {more}", f"alter role {group} no{more}"),
        (f"alter role {group} superuser", f"alter role {group} nosuperuser"),
        (f"grant nosender_app to {group}", f"revoke nosender_app from {group}"),
        (f"alter role {group} set log_statement = 'all'", f"alter role {group} reset log_statement"),
    ):
        with platform.superuser() as owner:
            owner.execute(wider.encode())
            try:
                found = deciding(look(platform))
                assert any(name.partition(":")[0] == group for name in found), wider
                if group in found and "superuser" not in wider:
                    assert "does not say: " in found[group].detail
            finally:
                owner.execute(undone.encode())


def test_a_superuser_that_nobody_named_is_a_finding(platform: Emulation) -> None:
    platform.declare()
    with platform.superuser() as owner:
        owner.execute(b"create role visitor superuser login")
        try:
            assert set(deciding(look(platform))) == {"visitor"}
        finally:
            owner.execute(b"drop role visitor")


def test_what_only_has_the_name_of_a_role_of_the_platform_is_a_finding(platform: Emulation) -> None:
    """From 16 on who makes a role has the admin option on it, and the platform makes its own by itself."""
    live = {each.name for each in profiles()[platform.name].roles}
    platform.declare()
    with platform.superuser() as owner:
        there = {each[0] for each in owner.execute("select rolname from pg_roles").fetchall()}
        if not (absent := sorted((live - there) & profiles()[platform.name].provider_roles)):
            pytest.skip("the platform has all of its roles")
        name = absent[0]
        owner.execute(f"create role {name} login createrole".encode())
        try:
            assert deciding(look(platform)) == {}
            owner.execute(f"grant pg_read_all_data to {name}".encode())
            wider = deciding(look(platform)).get(name)
            role = next(each for each in profiles()[platform.name].roles if each.name == name)
            assert (wider is not None) == role.bound
            owner.execute(f"grant {name} to customer with admin option".encode())
            (found,) = deciding(look(platform)).values()
            assert found.object == name
            assert "has a role of that name, and customer made this one." in found.detail
        finally:
            owner.execute(f"drop role {name}".encode())


def test_a_setting_that_stays_a_finding_says_where_it_is_set(platform: Emulation) -> None:
    settings = profiles()[platform.name].setup.settings
    platform.declare()
    for each in look(platform).findings:
        told = f"On {profiles()[platform.name].title} it is set in " in each.detail
        assert told == (each.kind == "setting" and each.object in settings), each


@pytest.mark.parametrize("key", ["administrators", "backup_days", "log_days", "log_readers", "replicas"])
def test_what_is_not_declared_is_incomplete_and_never_a_pass(stock: Snapshot, key: str) -> None:
    declared = replace(whole("rds"), **{key: None})
    trust = judged(shaped(stock, profiles()["rds"]), declared).trust
    assert trust is not None
    assert (trust.undeclared, trust.whole) == ((key,), False)
    assert not replace(trust, undeclared=(), expired=True).whole


def test_an_audit_without_the_whole_declaration_says_so(platform: Emulation) -> None:
    if platform.name != "rds":
        pytest.skip("one platform says it for all")
    audit = platform.declare("backup_days = 7\n").audit()
    assert audit.exit_code == 3
    assert "backup_days" in text.render(audit).splitlines()[0]
    report = plain.as_data(audit) | {"verdict": "pass"}
    assert attest.contradiction(report) is not None
    (platform.folder / "nosender.toml").write_text('name = "shop"\n')
    undeclared = platform.audit()
    assert undeclared.trust is not None
    assert not undeclared.trust.declared
    assert "It looks like" in " ".join(text.render(undeclared).split())
    assert any(each.object == "archive_mode" for each in undeclared.gating())
    platform.declare()


def test_a_server_that_is_not_the_declared_one_has_no_answer(stock: Snapshot) -> None:
    forged = replace(shaped(stock, profiles()["rds"]), surroundings=replace(stock.surroundings))
    with pytest.raises(IncompleteError, match=r"nosender\.toml:2: rds is declared, and .* is 'postgres'"):
        judged(forged, whole("rds"))
    without = replace(stock, surroundings=replace(stock.surroundings, bootstrap="rdsadmin"))
    with pytest.raises(IncompleteError, match="no role 'rds_superuser'"):
        judged(without, whole("rds"))
    assert judged(stock, None).trust is None


def test_a_declaration_that_outlives_a_waiver_is_refused(stock: Snapshot) -> None:
    far = replace(whole("rds"), expires=TODAY + timedelta(days=181))
    with pytest.raises(IncompleteError, match="more than 180 days ahead"):
        judged(shaped(stock, profiles()["rds"]), far)


def whole(name: str) -> Platform:
    return Platform(name, Place("nosender.toml", 2), ("customer",), 7, 3, "the security team", 1, TODAY)


@pytest.mark.parametrize(
    ("name", "group"),
    [("rds", "rds_replication"), ("rds", "rdsrepladmin"), ("cnpg", "streaming_replica")],
)
def test_a_member_of_any_role_of_the_platform_is_a_finding(stock: Snapshot, name: str, group: str) -> None:
    snapshot = shaped(stock, profiles()[name])
    alice = Role("alice", inherit=True, **dict.fromkeys(ATTRIBUTES, False) | {"login": True})
    into = Membership(group, "alice", admin=False, inherit=True, set=True)
    live = snapshot.live
    joined = replace(live, roles=(*live.roles, alice), memberships=(*live.memberships, into))
    assert set(deciding(judged(replace(snapshot, live=joined), whole(name)))) == {"alice"}


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_taken_away_brings_its_finding_back(stock: Snapshot, name: str) -> None:
    profile = knowing(profiles()[name])
    snapshot = shaped(stock, profile)
    answers = asked(snapshot)

    def found(known: Profile) -> set[tuple[str, str]]:
        left = apply(snapshot, whole(name), *answers, TODAY, {name: known}).findings
        return {(each.check, each.object) for each in left}

    before = {(each.check, each.object) for each in judged(stock, None).findings}
    assert found(profile) <= before
    for role in profile.roles:
        if role.trust == "group" and not role.memberships:
            continue  # nothing but a name for those who are in it
        without = replace(profile, roles=tuple(each for each in profile.roles if each != role))
        assert found(without) > found(profile), role.name
    for entry in profile.entries:
        without = replace(profile, entries=tuple(each for each in profile.entries if each != entry))
        assert found(without) > found(profile), entry.words


def test_another_value_or_name_than_the_profile_s_stays_a_finding(stock: Snapshot) -> None:
    snapshot = shaped(stock, profiles()["cnpg"])
    assert deciding(judged(snapshot, whole("cnpg"))) == {}

    def with_(**changes: object) -> set[str]:
        around = replace(snapshot.surroundings, **changes)
        return set(deciding(judged(replace(snapshot, surroundings=around), whole("cnpg"))))

    two = (("_cnpg_two", "physical"), ("_cnpg_three", "physical"))
    assert with_(slots=two) == {"_cnpg_two", "_cnpg_three"}
    around = replace(snapshot.surroundings, slots=two)
    found = deciding(judged(replace(snapshot, surroundings=around), whole("cnpg")))
    assert "2 follow the server, and replicas = 1 is declared." in found["_cnpg_two"].detail
    assert with_(slots=(("_cnpg_two", "logical"),)) == {"_cnpg_two"}
    assert with_(slots=(("mine", "physical"),), holders=()) == {"mine"}
    assert with_(slots=(), holders=(), standbys=1) == set()
    assert with_(slots=(), holders=(), standbys=2) == {"receivers"}
    minimal = tuple(
        replace(each, value="always") if each.name == "archive_mode" else each
        for each in snapshot.live.settings
    )
    other = replace(snapshot, live=replace(snapshot.live, settings=minimal))
    assert set(deciding(judged(other, whole("cnpg")))) == {"archive_mode"}


def test_what_a_platform_watches_is_only_as_wide_as_its_profile_says(stock: Snapshot) -> None:
    """Extensions, event triggers and publications of Supabase, and what somebody makes of them."""
    profile = knowing(profiles()["supabase"])
    snapshot = shaped(stock, profile)
    live = snapshot.live

    def found(**changes: Any) -> set[str]:
        other = replace(snapshot, live=replace(live, **changes))
        return set(deciding(judged(other, whole("supabase"), {"supabase": profile})))

    assert found() == set()
    newer = tuple(replace(each, version="99") for each in live.extensions)
    assert found(extensions=newer) == set()
    eighth = Extension("hstore", "1", "extensions", profile.bootstrap)
    telling = Extension("pg_stat_statements", "1", "extensions", profile.bootstrap)
    assert found(extensions=(*live.extensions, eighth, telling)) == {"hstore", "pg_stat_statements"}
    moved = tuple(replace(each, schema="mine") for each in live.extensions if each.name == "pgjwt")
    kept = tuple(each for each in live.extensions if each.name != "pgjwt")
    assert found(extensions=(*kept, *moved)) == {"pgjwt"}
    code = replace(live.functions[-1], name="sign", extension="pgjwt", owner="postgres")
    assert found(functions=(*live.functions, code)) >= {"pgjwt"}

    def watching(**change: Any) -> tuple[Any, ...]:
        name = "pgrst_ddl_watch"
        return tuple(replace(each, **change) if each.name == name else each for each in live.functions)

    both = {"pgrst_ddl_watch", "extensions.pgrst_ddl_watch()"}
    assert found(functions=watching(body=f"{SAYS} ")) == both
    assert found(functions=watching(security_definer=True)) == both
    mine = tuple(replace(each, owner="postgres") for each in live.event_triggers)
    assert found(event_triggers=mine) == {each.name for each in live.event_triggers}
    logged = RoleSetting("authenticator", None, "log_statement", "all")
    assert found(role_settings=(*live.role_settings, logged)) == {"authenticator: log_statement"}
    filled = tuple(replace(each, tables=("mail.messages",)) for each in live.publications)
    assert found(publications=filled) == {"supabase_realtime"}


def test_each_platform_that_can_be_declared_has_a_profile_and_a_part_of_the_page() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == set(NAMES)
    page = managed_page()
    for profile in profiles().values():
        assert f"\n## {profile.title}\n" in page
        assert profile.left_open
        assert set(profile.setup.settings) <= VALUES.keys()
        for each in (*profile.roles, *profile.entries):
            assert each.source in page


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_of_a_setup_are_the_whole_and_the_owner_s_needs_no_administrator(name: str) -> None:
    profile = profiles()[name]

    def lines(who: Who | None, **more: bool) -> list[str]:
        printed = setup.text(profile, "public", "shop", who, **more).splitlines()
        return [each for each in printed if each and not each.startswith(("--", "#", "\\connect"))]

    admin, customer = lines("admin"), lines("customer")
    assert not set(admin) & set(customer)
    assert not any("create role" in each or "create database" in each for each in customer)
    if profile.setup.place == "manifest":
        assert [each for each in lines(None) if each != "---"] == [each for each in admin if each != "---"]
    else:
        assert sorted(lines(None)) == sorted(admin + customer)
        assert "create database shop;" in admin
        assert "create database shop;" not in lines("admin", existing=True)
    assert ("pg_stat_statements" in "".join(lines("customer", existing=True))) == bool(profile.setup.beside)
    told = setup.text(profile, "public", "postgres")
    assert "create database" not in told
    assert all(each in told for each in profile.setup.schemas)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('trust = "group"', 'trust = "friend"', "trust is 'friend'; it must be one of provider, group."),
        ('fixed = "on"', "", "[setting.0] has no fixed; write one."),
        ('fixed = "on"', 'fixed = "on"\nalso = "off"', "[setting.0] has an unknown key 'also'"),
        ("[[library]]", "[[libary]]", "the file has an unknown key 'libary'"),
        (
            'memberships = [\n  "pg_monitor",',
            "memberships = []\nattributes = [",
            "memberships must be a list",
        ),
    ],
)
def test_a_profile_is_read_strictly(tmp_path: Path, old: str, new: str, says: str) -> None:
    whole_text = (FOLDER / "rds.toml").read_text()
    assert old in whole_text
    (tmp_path / "rds.toml").write_text(whole_text.replace(old, new))
    with pytest.raises(UsageError) as refused:
        read(tmp_path / "rds.toml")
    assert str(refused.value).startswith("rds.toml:")
    assert says in str(refused.value)

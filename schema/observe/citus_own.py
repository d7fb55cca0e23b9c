"""What Citus brought along, so that nobody takes it for a stranger's, and nothing of a stranger's for Citus'.

Being a member of the extension is what a superuser may say of anything with ALTER EXTENSION ... ADD, so a
table or view counts by its name as well, and what reads anything but Citus' own never counts.
"""

from dataclasses import replace
from typing import Any

from nosender.schema.observe.model import Relation
from nosender.schema.observe.observation import Observation

EXTENSIONS = frozenset({"citus", "citus_columnar"})
LIBRARIES = ("$libdir/citus", "citus")
_SCHEMAS = frozenset({"pg_catalog", "citus", "citus_internal", "columnar", "columnar_internal"})
_PUBLIC = frozenset({"citus_tables", "citus_schemas"})
_RELATIONS = frozenset(
    """
    citus_dist_stat_activity citus_lock_waits citus_locks citus_nodes citus_shard_indexes_on_worker
    citus_shards citus_shards_on_worker citus_stat_activity citus_stat_counters citus_stat_statements
    citus_stat_tenants
    citus_stat_tenants_local citus_stats pg_dist_authinfo pg_dist_background_job pg_dist_background_task
    pg_dist_background_task_depend pg_dist_cleanup pg_dist_colocation pg_dist_local_group pg_dist_node
    pg_dist_node_metadata pg_dist_object pg_dist_partition pg_dist_placement pg_dist_poolinfo
    pg_dist_rebalance_strategy pg_dist_schema pg_dist_shard pg_dist_shard_placement pg_dist_tenant_schema
    pg_dist_transaction time_partitions chunk chunk_group options row_mask stripe storage
    """.split()  # noqa: SIM905 (a list of names)
)
"""Of 13 and 14; columnar's, too."""
_COMPOSITES = frozenset({"replication_slot_info", "split_copy_info", "split_shard_info"})
"""Types: PostgreSQL has them as members under their type, not as relations."""


def without_own(live: Observation) -> Observation:
    """The Observation without what belongs to Citus; the extension itself stays in it."""
    superusers = {each.name for each in live.roles if each.superuser}
    owners = {each.owner for each in live.extensions if each.name in EXTENSIONS} & superusers
    if not owners:
        return live
    relations = {(each.schema, each.name) for each in live.relations if _is_own_relation(live, each, owners)}

    def own(each: Any) -> bool:
        if isinstance(each, Relation):  # a table stores, a view shows
            return (each.schema, each.name) in relations
        if getattr(each, "extension", None) not in EXTENSIONS or each.owner not in {None, *owners}:
            return False
        library = getattr(each, "library", None)
        return getattr(each, "schema", None) in {None, *_SCHEMAS} and (
            library is None or library.startswith(LIBRARIES)
        )

    lists: dict[str, Any] = {
        kind: tuple(each for each in live.of(kind) if not own(each))
        for kind in ("relations", "sequences", "functions", "types", "others", "event_triggers")
    }
    for kind in ("columns", "dropped_columns", "constraints", "indexes", "triggers", "rules", "policies"):
        lists[kind] = tuple(
            each for each in getattr(live, kind) if (each.schema, each.table) not in relations
        )
    gone = {
        (each.schema, each.name)
        for kind in ("relations", "sequences", "types")
        for each in live.of(kind)
        if own(each)
    }
    gone |= {(each.schema, f"{each.name}({each.identity})") for each in live.functions if own(each)}
    names = {(schema, name.partition("(")[0]) for schema, name in gone}
    lists["grants"] = tuple(each for each in live.grants if (each.schema, each.object) not in gone)
    lists["dependencies"] = tuple(each for each in live.dependencies if (each.schema, each.name) not in names)
    return replace(live, **lists)


def _is_own_relation(live: Observation, relation: Relation, owners: set[str]) -> bool:
    if relation.kind == "composite type" and relation.owner in owners:
        return relation.schema in _SCHEMAS and relation.name in _COMPOSITES
    if relation.extension not in EXTENSIONS or relation.owner not in owners:
        return False
    if relation.schema == "public" and relation.kind == "view" and relation.name in _PUBLIC:
        return all(
            each.referenced_schema in _SCHEMAS
            for each in live.dependencies
            if (each.schema, each.name) == (relation.schema, relation.name)
        )
    return relation.schema in _SCHEMAS and relation.name in _RELATIONS

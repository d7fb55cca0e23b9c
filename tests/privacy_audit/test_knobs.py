"""What an operator decided stands in the report, and beside what nosender.toml declares."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg

from nosender.migrations.knob_step import statement
from nosender.privacy_audit import runner
from nosender.privacy_audit.reports.json import render
from nosender.privacy_audit.reports.words import beside
from nosender.project import Declared, Project
from nosender.schema.knobs import Knobs
from nosender.server.target import Target
from nosender.toml_reader import Place

SLUG = "undeclared-knob"


def test_a_report_says_the_values_and_what_differs(target: Target, connection: psycopg.Connection) -> None:
    connection.execute(statement("public", Knobs("delete", history=timedelta(days=90))).encode())
    connection.commit()
    alone = runner.run(target, runner.Options(checks=(SLUG, "function-differs")))
    assert alone.findings == ()
    decided = json.loads(render(alone))["run"]["decided"]["knobs"]
    assert (decided["delivered"], decided["history"], decided["messages"]) == ("delete", "90 days", "off")
    assert "Decided by the operator: delivered delete, history 90 days." in beside(alone)
    assert [each for each in alone.limits if each.startswith("Replays: ")]

    place = Place("nosender.toml", 1)
    project = Project(retention=Declared(Knobs("delete"), place, ()))
    (finding,) = runner.run(target, runner.Options(checks=(SLUG,), project=project)).findings
    assert (finding.object, finding.detail) == (
        "public.retention_knobs.history",
        "The database has history 90 days, nosender.toml declares off.",
    )

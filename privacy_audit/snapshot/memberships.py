"""Which roles a role is a member of, through any number of steps, and of which it has the rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.schema.observe.observation import Observation


def reached(observation: Observation, role: str) -> set[str]:
    """Every role whose rights `role` has, takes by SET ROLE, or gives itself by an admin option."""
    found: set[str] = set()
    ahead = {role}
    while ahead:
        member = ahead.pop()
        new = {each.role for each in observation.memberships if each.member == member} - found
        found |= new
        ahead |= new
    return found


def held(observation: Observation, role: str) -> set[str]:
    """Every role whose rights `role` has, or takes by SET ROLE; who created one only lets others in."""
    found: set[str] = set()
    ahead = {role}
    while ahead:
        member = ahead.pop()
        new = {
            each.role
            for each in observation.memberships
            if each.member == member and (each.inherit or each.set)
        } - found
        found |= new
        ahead |= new
    return found

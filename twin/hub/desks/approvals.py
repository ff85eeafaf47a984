"""Yes and no to commands that wait for other people: M of N, bound to the exact arguments.

Rules (each guarded in tests/twin/test_hub_approvals.py): the issuer never approves, nobody twice,
a yes names the digest of what was read, a delegated yes counts for the department it came from, and
a broken glass is loud: it opens a review that somebody else has to close.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Ask, Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.room.approving import free_department, own_obstacle
from twin.room.model import Command, CommandState, Grant
from twin.room.parts.batches import Batch, Batches
from twin.room.parts.reviews import Reviews
from twin.security.policy import Decision

S = CommandState
MAX_TEXT = 2_000
GIVE, DENY, BREAK_GLASS = "approval.give", "approval.deny", "approval.break_glass"


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "approval.give" and "approval.deny".

    Attributes
    ----------
    command_id, batch_id : one of the two
    digest : SHA-256 of the command's request, or of the batch, as it was shown
    """

    digest: str
    command_id: str = ""
    batch_id: str = ""
    text: str = ""


class BrokenGlass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "approval.break_glass"."""

    command_id: str
    digest: str
    reason: str


class ReviewClosed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of "review.close"."""

    id: str
    text: str


class Approvals(Desk):
    """Takes yes, no, broken glass, and the review after it."""

    def acts(self) -> Mapping[str, Taken]:
        """Approval and review acts."""
        return {
            GIVE: Taken(Answer, self._give),
            DENY: Taken(Answer, self._deny),
            BREAK_GLASS: Taken(BrokenGlass, self._break_glass),
            "review.close": Taken(ReviewClosed, self._close_review),
        }

    def permissions(self) -> Mapping[str, Ask]:
        """The same by id of the command or batch, and of the review."""
        return {
            GIVE: self._may_answer,
            DENY: self._may_answer,
            BREAK_GLASS: self._may_break_glass,
            "review.close": self._may_close_review,
        }

    def _give(self, who: Who, body: Answer) -> str:
        commands = self._meant(body)
        if isinstance(commands, str):
            return commands
        departments, decision = self._departments_for(who, commands)
        if not decision.allowed:
            return decision.text
        signature = self.hall.act.signature if self.hall.act else ""
        for command, department in zip(commands, departments, strict=True):
            grant = Grant(
                by=who.operator, department=department, t_ns=self.hall.now_ns, text=body.text,
                signature=signature,
            )  # fmt: skip
            self._grant(who, command, grant)
        return ""

    def _deny(self, who: Who, body: Answer) -> str:
        commands = self._meant(body)
        if isinstance(commands, str):
            return commands
        _, decision = self._departments_for(who, commands)
        if not decision.allowed:
            return decision.text
        if not body.text.strip():
            return "Say why you deny it: the issuer will read it"
        for command in commands:
            text = f"Denied by {person(who.operator)}: {body.text}"
            self.hall.move(command.request.id, S.DENIED, text, person(who.operator))
        return ""

    def _break_glass(self, who: Who, body: BrokenGlass) -> str:
        command = self._as_shown(body.command_id, body.digest)
        if isinstance(command, str):
            return command
        if len(body.reason.strip()) < 5:
            return "Breaking the glass needs a reason that others can judge"
        decision = self._glass_for(who, command)
        if not decision.allowed:
            return decision.text
        title = self.hall.title(command.request.type_id)
        what = f"“{title}” on {command.request.target_name}"
        text = (
            f"{person(who.operator)} broke the glass: {what} goes without approval; {body.reason}"
        )
        self.hall.emit(
            "review.opened", person(who.operator), id=f"review-{command.request.id}",
            command_id=command.request.id, subject=msgspec.to_builtins(who.operator), text=text,
        )  # fmt: skip
        self.hall.move(command.request.id, S.QUEUED, text, person(who.operator))
        return ""

    def _close_review(self, who: Who, body: ReviewClosed) -> str:
        decision = self._may_close_review(who, body.id)
        if not decision.allowed:
            return decision.text
        if not 0 < len(body.text.strip()) <= MAX_TEXT:
            return "Say in a sentence what the review found"
        self.hall.emit("review.closed", person(who.operator), id=body.id, text=body.text)
        return ""

    # --- who may -------------------------------------------------------------------------------

    def _may_answer(self, who: Who, key: str) -> Decision:
        batch = self.hall.room[Batches].by_id.get(key)
        waiting = self._waiting_in(batch) if batch is not None else self._waiting(key)
        if isinstance(waiting, str):
            return Decision.no(waiting)
        commands = waiting if isinstance(waiting, tuple) else (waiting,)
        return self._departments_for(who, commands)[1]

    def _may_break_glass(self, who: Who, command_id: str) -> Decision:
        command = self._waiting(command_id)
        return Decision.no(command) if isinstance(command, str) else self._glass_for(who, command)

    def _glass_for(self, who: Who, command: Command) -> Decision:
        request = command.request
        question = self.hall.question(who, request.type_id, request.target_id, command.level)
        return self.hall.policy.may_break_glass(question)

    def _may_close_review(self, who: Who, review_id: str) -> Decision:
        review = self.hall.room[Reviews].by_id.get(review_id)
        if review is None:
            return Decision.no("There is no such open review")
        if review.subject.identity == who.operator.identity:
            return Decision.no("Somebody else has to close the review of what you did")
        return Decision(allowed=True, text="Somebody else's review")

    def _meant(self, body: Answer) -> tuple[Command, ...] | str:
        """The waiting commands that an answer is about, or why there are none."""
        if len(body.text) > MAX_TEXT:
            return f"The text has over {MAX_TEXT} letters"
        if not body.batch_id:
            command = self._as_shown(body.command_id, body.digest)
            return command if isinstance(command, str) else (command,)
        batch = self.hall.room[Batches].by_id.get(body.batch_id)
        if batch is None or batch.digest != body.digest:
            return "The batch is not the one that was shown; look at it again"
        return self._waiting_in(batch)

    def _waiting_in(self, batch: Batch) -> tuple[Command, ...] | str:
        found = (self.hall.command(command_id) for command_id in batch.command_ids)
        waiting = tuple(c for c in found if c is not None and c.state is S.AWAITING_APPROVAL)
        return waiting or "Nothing of this batch waits for an approval"

    def _as_shown(self, command_id: str, digest: str) -> Command | str:
        command = self._waiting(command_id)
        if isinstance(command, str) or command.approval is None:
            return command
        if command.approval.digest != digest:
            return "The approval is for other arguments than the command has; look at it again"
        return command

    def _waiting(self, command_id: str) -> Command | str:
        command = self.hall.command(command_id)
        if command is None or command.approval is None:
            return "There is no such command that needs an approval"
        if command.state is not S.AWAITING_APPROVAL:
            return f"It does not wait for an approval any more ({command.state.lower()})"
        if self.hall.now_ns >= command.approval.expires_ns:
            return "The time to approve it is over"
        return command

    def _departments_for(
        self, who: Who, commands: tuple[Command, ...]
    ) -> tuple[list[str], Decision]:
        """For which departments somebody's answers count; all of a batch must."""
        departments, decision = [], Decision.no("Nothing waits for an approval")
        for command in commands:
            department, decision = self._department_for(who, command)
            if not decision.allowed:
                return [], decision
            departments.append(department)
        return departments, decision

    def _department_for(self, who: Who, command: Command) -> tuple[str, Decision]:
        """For which department somebody's answer counts, or why it does not."""
        obstacle = own_obstacle(who.operator, command)
        if obstacle:
            return "", Decision.no(obstacle)
        decision = self.hall.decide(who, GIVE, command.request.target_id, command.level)
        if not decision.allowed:
            return "", decision
        with_roles = msgspec.structs.replace(who.operator, roles=who.roles)
        department, why_not = free_department(self.hall.room, with_roles, command, self.hall.now_ns)
        return department, Decision.no(why_not) if why_not else decision

    def _grant(self, who: Who, command: Command, grant: Grant) -> None:
        command_id = command.request.id
        actor = person(who.operator)
        self.hall.emit("command.granted", actor, id=command_id, grant=msgspec.to_builtins(grant))
        after = self.hall.room.commands[command_id]
        if after.approval is not None and after.approval.is_satisfied:
            names = ", ".join(person(g.by) for g in after.approval.grants)
            self.hall.move(command_id, S.QUEUED, f"Approved by {names}")


DESK = DeskType(id="approvals", make=Approvals)

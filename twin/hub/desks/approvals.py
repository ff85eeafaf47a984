"""Yes and no to commands that wait for other people: M of N, bound to the exact arguments.

Rules (each guarded in tests/twin/test_hub_approvals.py): the issuer never approves, nobody twice,
a yes names the digest of what was read, a delegated yes counts for the department it came from, and
a broken glass is loud: it opens a review that somebody else has to close.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from twin.hub.desks.base import Desk, DeskType, Taken
from twin.hub.hall import person
from twin.hub.who import Who
from twin.room.approving import free_department, own_obstacle
from twin.room.model import Command, CommandState, Grant
from twin.room.parts.batches import Batches
from twin.room.parts.reviews import Reviews

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

    def _give(self, who: Who, body: Answer) -> str:
        commands = self._meant(body)
        if isinstance(commands, str):
            return commands
        departments = []
        for command in commands:
            department, why_not = self._department_for(who, command)
            if why_not:
                return why_not
            departments.append(department)
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
        for command in commands:
            _, why_not = self._department_for(who, command)
            if why_not:
                return why_not
        if not body.text.strip():
            return "Say why you deny it: the issuer will read it"
        for command in commands:
            text = f"Denied by {person(who.operator)}: {body.text}"
            self.hall.move(command.request.id, S.DENIED, text, person(who.operator))
        return ""

    def _break_glass(self, who: Who, body: BrokenGlass) -> str:
        command = self._waiting(body.command_id, body.digest)
        if isinstance(command, str):
            return command
        if len(body.reason.strip()) < 5:
            return "Breaking the glass needs a reason that others can judge"
        question = self.hall.question(
            who, command.request.type_id, command.request.target_id, command.level
        )
        decision = self.hall.policy.may_break_glass(question)
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
        review = self.hall.room[Reviews].by_id.get(body.id)
        if review is None:
            return "There is no such open review"
        if review.subject.identity == who.operator.identity:
            return "Somebody else has to close the review of what you did"
        if not 0 < len(body.text.strip()) <= MAX_TEXT:
            return "Say in a sentence what the review found"
        self.hall.emit("review.closed", person(who.operator), id=body.id, text=body.text)
        return ""

    # --- who may -------------------------------------------------------------------------------

    def _meant(self, body: Answer) -> tuple[Command, ...] | str:
        """The waiting commands that an answer is about, or why there are none."""
        if len(body.text) > MAX_TEXT:
            return f"The text has over {MAX_TEXT} letters"
        if not body.batch_id:
            command = self._waiting(body.command_id, body.digest)
            return command if isinstance(command, str) else (command,)
        batch = self.hall.room[Batches].by_id.get(body.batch_id)
        if batch is None or batch.digest != body.digest:
            return "The batch is not the one that was shown; look at it again"
        found = (self.hall.command(command_id) for command_id in batch.command_ids)
        waiting = tuple(c for c in found if c is not None and c.state is S.AWAITING_APPROVAL)
        return waiting or "Nothing of this batch waits for an approval"

    def _waiting(self, command_id: str, digest: str) -> Command | str:
        command = self.hall.command(command_id)
        if command is None or command.approval is None:
            return "There is no such command that needs an approval"
        if command.state is not S.AWAITING_APPROVAL:
            return f"It does not wait for an approval any more ({command.state.lower()})"
        if command.approval.digest != digest:
            return "The approval is for other arguments than the command has; look at it again"
        if self.hall.now_ns >= command.approval.expires_ns:
            return "The time to approve it is over"
        return command

    def _department_for(self, who: Who, command: Command) -> tuple[str, str]:
        """For which department somebody's answer counts, or why it does not."""
        obstacle = own_obstacle(who.operator, command)
        if obstacle:
            return "", obstacle
        decision = self.hall.decide(who, GIVE, command.request.target_id, command.level)
        if not decision.allowed:
            return "", decision.text
        with_roles = msgspec.structs.replace(who.operator, roles=who.roles)
        return free_department(self.hall.room, with_roles, command, self.hall.now_ns)

    def _grant(self, who: Who, command: Command, grant: Grant) -> None:
        command_id = command.request.id
        actor = person(who.operator)
        self.hall.emit("command.granted", actor, id=command_id, grant=msgspec.to_builtins(grant))
        after = self.hall.room.commands[command_id]
        if after.approval is not None and after.approval.is_satisfied:
            names = ", ".join(person(g.by) for g in after.approval.grants)
            self.hall.move(command_id, S.QUEUED, f"Approved by {names}")


DESK = DeskType(id="approvals", make=Approvals)

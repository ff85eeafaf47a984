"""Named attacks on a hub with keys, over real sockets: each is refused, does no harm, is audited.

Every function under `attack` is one attack; its arguments say what the attacker must be told and
what the journal must hold about it afterwards.
"""

from __future__ import annotations

import msgspec
import pytest
import zmq

from tests.twin.hub_rig import until
from tests.twin.security import attacks_by_asking  # noqa: F401 - lists its attacks
from tests.twin.security.attack_scene import (
    ATTACKS,
    Scene,
    Wiretap,
    attack,
    is_like,
    scene_of_attack,
    told,
)
from tests.twin.security.keys_rig import KeysRig
from tests.twin.security.secure_rig import Peer
from twin.clock import NS_PER_S
from twin.ids import uuid7
from twin.link.control import (
    Act,
    ActuatorReply,
    Challenge,
    GetSnapshot,
    HubInfo,
    Note,
    Ping,
    Snapshot,
    Submit,
)
from twin.room.model import CommandState
from twin.room.parts.leases import Leases
from twin.security.client_keys import ClientKeys
from twin.security.client_security import ClientSecurity
from twin.security.login import LoginPlace, proof_bytes
from twin.security.sealed import new_signer

STRANGERS = "connections with keys that may not be there"


def _stranger(s: Scene) -> ClientSecurity:
    """Valid keys of another city, with this hub's public key."""
    folder = s.rig.folder / f"other-{uuid7()}"
    keys = KeysRig.make(folder).workstation("desk-1")
    return ClientSecurity(ClientKeys(keys.own, s.rig.keys.store.hub_public()))


# --- at the door


@attack("refused", STRANGERS)
def unknown_key_on_control(s: Scene) -> str:
    return s.handshake("control", zmq.DEALER, _stranger(s).apply)


@attack("refused", STRANGERS)
def unknown_key_on_events(s: Scene) -> str:
    return s.handshake("events", zmq.SUB, _stranger(s).apply)


@attack("refused", STRANGERS)
def unknown_key_publishes_samples(s: Scene) -> str:
    return s.handshake("samples_in", zmq.PUSH, _stranger(s).apply)


@attack("refused", STRANGERS)
def unknown_key_reads_samples(s: Scene) -> str:
    return s.handshake("samples_out", zmq.SUB, _stranger(s).apply)


@attack("refused")
def no_encryption(s: Scene) -> str:
    return s.handshake("control", zmq.DEALER, lambda _: None)


@attack("refused")
def password_mechanism_instead_of_keys(s: Scene) -> str:
    def plain(one):
        one.set(zmq.PLAIN_USERNAME, b"admin")
        one.set(zmq.PLAIN_PASSWORD, b"admin")

    return s.handshake("control", zmq.DEALER, plain)


@attack("refused", STRANGERS)
def actuator_listens_to_events(s: Scene) -> str:
    return s.handshake("events", zmq.SUB, s.desks["pumps"].apply)


@attack("refused", STRANGERS)
def source_opens_the_control_socket(s: Scene) -> str:
    return s.handshake("control", zmq.DEALER, s.desks["source"].apply)


@attack("refused", STRANGERS)
def recorder_publishes_samples(s: Scene) -> str:
    return s.handshake("samples_in", zmq.PUSH, s.desks["recorder"].apply)


@attack("refused", STRANGERS)
def console_fakes_samples(s: Scene) -> str:
    return s.handshake("samples_in", zmq.PUSH, s.desks["desk-1"].apply)


@attack("refused", STRANGERS)
def revoked_workstation_comes_back(s: Scene) -> str:
    security = s.rig.security("lost-laptop")
    s.rig.keys.store.revoke_workstation("lost-laptop")
    until(lambda: not s.rig.hub._admission.security.is_welcome(security.public_key))
    return s.handshake("control", zmq.DEALER, security.apply)


@attack("")
def rogue_hub_with_other_keys(s: Scene) -> str:
    """A console that is led to another hub tells it nothing."""
    context = zmq.Context()
    rogue = context.socket(zmq.ROUTER)
    rogue.set(zmq.CURVE_SERVER, 1)
    rogue.set(zmq.CURVE_SECRETKEY, zmq.curve_keypair()[1])
    rogue.bind("tcp://127.0.0.1:*")
    with Peer(rogue.get_string(zmq.LAST_ENDPOINT), s.desks["desk-1"].keys) as victim:
        victim.send(victim.hello())
        heard = rogue.recv_multipart() if rogue.poll(400) else []
    rogue.close(0)
    context.term()
    return "".join(map(repr, heard))


# --- on the wire


@attack("")
def captured_bytes_replayed(s: Scene) -> str:
    tap = Wiretap(s.rig.hub.addresses.control)
    with Peer(tap.endpoint, s.desks["desk-1"].keys) as victim:
        victim.log_in(s.people["cy"])
        assert told(victim.ask(Note(id=uuid7(), text="captured"))) == "acknowledged"
    seq = s.rig.hub._core.room.seq
    tap.replay()
    until(lambda: s.rig.hub._core.room.operators == {} or s.rig.hub._core.room.seq >= seq)
    notes = [e for e in s.rig.hub._core.room.activity if e.body.get("text") == "captured"]
    tap.close()
    return "" if len(notes) == 1 else f"{len(notes)} notes"


@attack("")
def bytes_changed_on_the_way(s: Scene) -> str:
    """Once the log-in is through, the first byte of the next ciphertext is flipped."""
    is_changing = False

    def change(piece: bytes) -> bytes:
        if not is_changing:
            return piece
        return piece[:-1] + bytes([piece[-1] ^ 1])

    tap = Wiretap(s.rig.hub.addresses.control, change)
    with Peer(tap.endpoint, s.desks["desk-1"].keys) as victim:
        victim.log_in(s.people["cy"])
        is_changing = True
        reply = victim.ask(Note(id=uuid7(), text="changed"), 1.0)
    tap.close()
    return told(reply)


@attack("")
def secrets_in_the_clear(s: Scene) -> str:
    """Nothing of what is said can be read on the wire."""
    tap = Wiretap(s.rig.hub.addresses.control)
    with Peer(tap.endpoint, s.desks["desk-1"].keys) as victim:
        victim.log_in(s.people["cy"])
        assert told(victim.ask(Note(id=uuid7(), text="nobody reads this"))) == "acknowledged"
    tap.close()
    words = (b"nobody reads this", b"desk-1", b"session.login", b"proof", b"civ1")
    return " ".join(str(word) for word in words if word in tap.captured)


# --- who is there


@attack("hello needed")
def request_without_hello(s: Scene) -> str:
    return told(s.peer("desk-1").ask(GetSnapshot()))


@attack("")
def taking_the_place_of_somebody_who_left(s: Scene) -> str:
    """The name that ZeroMQ gave to an open session, taken by another workstation."""
    victim = s.seat("ada")
    name = list(s.rig.hub._connected)[-1]
    victim.socket.close(0)
    peer = s.peer("desk-2", routing_id=name)
    replies = [told(peer.ask(GetSnapshot(), 0.1)) for _ in range(5)]
    assert s.rig.hub._door._sessions[name.hex()], "the session is still there to be taken"
    return " ".join(replies).strip()


@attack("")
def taking_the_place_of_oneself_on_the_same_workstation(s: Scene) -> str:
    victim = s.seat("ada")
    name = list(s.rig.hub._connected)[-1]
    victim.socket.close(0)
    peer = s.peer("desk-1", routing_id=name)
    return told(peer.ask(Note(id=uuid7(), text="as ada"), 0.5))


@attack("The key of desk-1 is not one of an actuator", "not one of an actuator")
def console_says_it_is_an_actuator(s: Scene) -> str:
    peer = s.peer("desk-1")
    return told(peer.ask(peer.hello(role="actuator", asset_ids=("gate-1",))))


@attack("The key of pumps is not one of a console", "not one of a console")
def actuator_says_it_is_a_console(s: Scene) -> str:
    peer = s.peer("pumps")
    return told(peer.ask(peer.hello()))


@attack("The key of pumps is not for the asset gate-1", "not for the asset gate-1")
def actuator_takes_over_foreign_assets(s: Scene) -> str:
    peer = s.peer("pumps")
    return told(peer.ask(peer.hello(role="actuator", asset_ids=("pump-1", "gate-1"))))


@attack("begins with “desk-2:”", "begins with “desk-2:”")
def console_id_of_another_workstation(s: Scene) -> str:
    return told(s.peer("desk-2").ask(s.peer("desk-1").hello()))


@attack("Cy of traffic, rank 1")
def hello_that_lies_about_name_department_and_rank(s: Scene) -> str:
    peer = s.peer("desk-1")
    hello = peer.hello(name="The mayor", department="control_room")
    challenge = peer.ask(hello)
    proof = s.desks["desk-1"].proof(s.people["cy"], nonce=challenge.nonce, epoch=challenge.epoch)
    peer.ask(msgspec.structs.replace(hello, person="cy", proof=proof))
    operator = s.rig.hub._core.room.operators[hello.console_id]
    return f"{operator.name} of {operator.department}, rank {operator.rank}"


@attack("challenge")
def proof_that_nobody_asked_for(s: Scene) -> str:
    peer = s.peer("desk-1")
    return told(peer.ask(peer.hello(person="ada", proof="00" * 64)))


def _log_in_with(s: Scene, desk: str, person: str, signer: str, **place) -> str:
    """Answer a challenge with a proof that was made for somewhere else."""
    peer = s.peer(desk)
    hello = peer.hello()
    challenge = peer.ask(hello)
    here = {
        "hub_key": s.rig.keys.store.hub_public().curve_public,
        "workstation_key": s.desks[desk].public_key,
        "epoch": s.rig.hub.epoch,
        "drill": False,
    }
    nonce = place.pop("nonce", challenge.nonce)
    message = proof_bytes(LoginPlace(**(here | place)), person_id=person, nonce=nonce)
    proof = s.people[signer].sign(message)
    return told(peer.ask(msgspec.structs.replace(hello, person=person, proof=proof)))


@attack("has another key for Ada", "has another key for Ada")
def logging_in_with_another_persons_key(s: Scene) -> str:
    return _log_in_with(s, "desk-1", "ada", "ben")


@attack("has another key for Ada", "has another key for Ada")
def proof_made_for_another_workstation(s: Scene) -> str:
    other = s.desks["desk-2"].public_key
    return _log_in_with(s, "desk-1", "ada", "ada", workstation_key=other)


@attack("has another key for Ada", "has another key for Ada")
def proof_made_for_another_hub(s: Scene) -> str:
    return _log_in_with(s, "desk-1", "ada", "ada", hub_key="x" * 40)


@attack("has another key for Ada", "has another key for Ada")
def proof_made_for_another_epoch(s: Scene) -> str:
    return _log_in_with(s, "desk-1", "ada", "ada", epoch="another")


@attack("has another key for Ada", "has another key for Ada")
def proof_made_for_a_drill(s: Scene) -> str:
    return _log_in_with(s, "desk-1", "ada", "ada", drill=True)


@attack("has another key for Ada", "has another key for Ada")
def proof_over_an_older_nonce(s: Scene) -> str:
    return _log_in_with(s, "desk-1", "ada", "ada", nonce="00" * 32)


@attack("challenge")
def proof_used_twice(s: Scene) -> str:
    peer = s.peer("desk-1")
    hello = peer.hello()
    challenge = peer.ask(hello)
    proof = s.desks["desk-1"].proof(s.people["ada"], nonce=challenge.nonce, epoch=challenge.epoch)
    proved = msgspec.structs.replace(hello, person="ada", proof=proof)
    assert isinstance(peer.ask(proved), HubInfo)
    return told(peer.ask(proved))


@attack("challenge")
def proof_that_comes_too_late(s: Scene) -> str:
    peer = s.peer("desk-1")
    hello = peer.hello()
    challenge = peer.ask(hello)
    open_nonces = s.rig.hub._door._challenges._open
    for session, (nonce, made_ns) in list(open_nonces.items()):
        open_nonces[session] = (nonce, made_ns - 31 * NS_PER_S)
    proof = s.desks["desk-1"].proof(s.people["ada"], nonce=challenge.nonce, epoch=challenge.epoch)
    return told(peer.ask(msgspec.structs.replace(hello, person="ada", proof=proof)))


@attack("knows no person called “mallory”", "knows no person called “mallory”")
def unknown_person(s: Scene) -> str:
    return told(s.peer("desk-1").log_in(new_signer("mallory")))


@attack("The key of Gone was revoked", "The key of Gone was revoked")
def revoked_person(s: Scene) -> str:
    return told(s.peer("desk-1").log_in(s.people["gone"]))


# --- commands


@attack("not signed by Ada", "not signed by Ada")
def command_without_signature(s: Scene) -> str:
    return told(s.seat("ada").ask(Submit(request=s.command())))


@attack("not signed by Ada", "not signed by Ada")
def command_signed_by_somebody_else(s: Scene) -> str:
    return told(s.seat("ada").ask(s.submit("ben", s.command())))


@attack("not signed by Ada", "not signed by Ada")
def arguments_changed_after_signing(s: Scene) -> str:
    signed = s.submit("ada", s.command())
    other = msgspec.structs.replace(signed.request, args={"opening_pct": 100.0})
    return told(s.seat("ada").ask(msgspec.structs.replace(signed, request=other)))


@attack("not signed by Ada", "not signed by Ada")
def target_changed_after_signing(s: Scene) -> str:
    signed = s.submit("ada", msgspec.structs.replace(s.command(), target_id="elsewhere"))
    other = msgspec.structs.replace(signed.request, target_id=s.name)
    return told(s.seat("ada").ask(msgspec.structs.replace(signed, request=other)))


@attack("not signed by Ada", "not signed by Ada")
def command_of_another_epoch(s: Scene) -> str:
    return told(s.seat("ada").ask(s.submit("ada", s.command(), epoch="another")))


@attack("not signed by Ada", "not signed by Ada")
def signature_of_a_drill(s: Scene) -> str:
    return told(s.seat("ada").ask(s.submit("ada", s.command(), drill=True)))


@attack("REJECTED.*drill can never be released live")
def drill_command_on_a_live_hub(s: Scene) -> str:
    command = s.command(drill=True)
    s.seat("ada").ask(s.submit("ada", command))
    return _state_text(s, command.id)


def _state_text(s: Scene, command_id: str) -> str:
    command = s.rig.hub._core.room.commands[command_id]
    return f"{command.state} {command.state_text}"


@attack("not signed by Ada", "not signed by Ada")
def signature_of_a_log_in_used_for_a_command(s: Scene) -> str:
    """What somebody signed to log in is worth nothing as a command."""
    command = s.command()
    place = LoginPlace(hub_key="", workstation_key="", epoch=s.rig.hub.epoch, drill=False)
    signature = s.people["ada"].sign(proof_bytes(place, person_id="ada", nonce=command.id))
    return told(s.seat("ada").ask(Submit(request=command, signature=signature)))


@attack("not signed by Cy", "not signed by Cy")
def captured_command_sent_by_somebody_else(s: Scene) -> str:
    return told(s.seat("cy").ask(s.submit("ada", s.command())))


@attack("Another command has this id")
def same_id_with_other_bytes(s: Scene) -> str:
    command = s.waiting()
    other = msgspec.structs.replace(command, args={"opening_pct": 99.0})
    return told(s.seat("ada").ask(s.submit("ada", other)))


@attack("REJECTED No rule of the policy allows “gate.set” to traffic")
def command_of_another_department(s: Scene) -> str:
    command = s.command()
    s.seat("cy").ask(s.submit("cy", command))
    return _state_text(s, command.id)


@attack("REJECTED.*for people on shift")
def command_of_somebody_off_shift(s: Scene) -> str:
    command = s.command()
    s.seat("off").ask(s.submit("off", command))
    return _state_text(s, command.id)


@attack("hello needed")
def actuator_issues_a_command(s: Scene) -> str:
    return told(s.actuator("pumps", "pump-1").ask(s.submit("ada", s.command())))


@attack("hello needed")
def recorder_issues_a_command(s: Scene) -> str:
    peer = s.peer("recorder")
    assert isinstance(peer.ask(peer.hello(role="recorder")), HubInfo)
    return told(peer.ask(s.submit("ada", s.command())))


@attack("The key of recorder is not one of a console", "not one of a console")
def recorder_says_it_is_a_console(s: Scene) -> str:
    peer = s.peer("recorder")
    return told(peer.ask(peer.hello()))


@attack("hello needed")
def console_answers_for_an_actuator(s: Scene) -> str:
    reply = ActuatorReply(command_id=s.waiting().id, status="done")
    return told(s.seat("cy").ask(reply))


@attack("was not given this command")
def actuator_answers_for_another_one(s: Scene) -> str:
    reply = ActuatorReply(command_id=s.waiting().id, status="accepted")
    return told(s.actuator("pumps", "pump-1").ask(reply))


@attack("cannot be cancelled by Cy", "cannot be cancelled by Cy")
def cancelling_what_one_may_not(s: Scene) -> str:
    from twin.link.control import Cancel

    return told(s.seat("cy").ask(Cancel(id=uuid7(), command_id=s.waiting().id)))


# --- acts


@attack("not signed by Ada", "not signed by Ada")
def act_without_signature(s: Scene) -> str:
    act = Act(id=uuid7(), kind="lease.take", body={"asset_id": "pump-a"})
    return told(s.seat("ada").ask(act))


@attack("not signed by Ada", "not signed by Ada")
def signature_of_another_kind_of_act(s: Scene) -> str:
    body = {"asset_id": "pump-a"}
    signature = s.signature("ada", "lease.release", body)
    act = Act(id=uuid7(), kind="lease.take", body=body, signature=signature)
    return told(s.seat("ada").ask(act))


@attack("knows no request called", "knows no request called")
def unknown_kind_of_act(s: Scene) -> str:
    return told(s.seat("ada").ask(s.act("ada", "hub.stop", {})))


@attack("No rule of the policy allows “queue.hold”", "allows “queue.hold”")
def act_that_one_may_not(s: Scene) -> str:
    return told(s.seat("ada").ask(s.act("ada", "queue.hold", {"reason": "x"})))


@attack("Too many requests at once", "Too many requests at once")
def flood_of_acts(s: Scene) -> str:
    peer = s.seat("cy")
    replies = [told(peer.ask(s.act("cy", "message.post", {"text": "x"}))) for _ in range(4)]
    return replies[-1]


# --- approvals


@attack("issued a command cannot approve it", "cannot approve it")
def approving_ones_own_command(s: Scene) -> str:
    command = s.waiting("walt")
    return told(s.seat("walt").ask(s.act("walt", "approval.give", s.approval(command))))


@attack("issued a command cannot approve it", "cannot approve it")
def approving_ones_own_command_from_another_workstation(s: Scene) -> str:
    command = s.waiting("walt")
    act = s.act("walt", "approval.give", s.approval(command))
    return told(s.seat("walt", "desk-2").ask(act))


@attack("for other arguments", "for other arguments")
def approval_for_altered_arguments(s: Scene) -> str:
    from twin.security.canonical import digest_of

    command = s.waiting()
    altered = msgspec.structs.replace(command, args={"opening_pct": 1.0})
    body = {"command_id": command.id, "digest": digest_of(altered)}
    return told(s.seat("ben").ask(s.act("ben", "approval.give", body)))


@attack("for other arguments", "for other arguments")
def approval_of_another_command_moved_here(s: Scene) -> str:
    one, other = s.waiting(), s.waiting()
    body = s.approval(one, command_id=other.id)
    return told(s.seat("ben").ask(s.act("ben", "approval.give", body)))


@attack("not signed by Dora", "not signed by Dora")
def captured_approval_sent_by_somebody_else(s: Scene) -> str:
    act = s.act("ben", "approval.give", s.approval(s.waiting()))
    return told(s.seat("dora").ask(act))


@attack("not signed by Ben", "not signed by Ben")
def approval_signed_for_a_drill(s: Scene) -> str:
    act = s.act("ben", "approval.give", s.approval(s.waiting()), drill=True)
    return told(s.seat("ben").ask(act))


@attack("not signed by Ben", "not signed by Ben")
def denial_turned_into_an_approval(s: Scene) -> str:
    body = s.approval(s.waiting())
    signature = s.signature("ben", "approval.deny", body)
    act = Act(id=uuid7(), kind="approval.give", body=body, signature=signature)
    return told(s.seat("ben").ask(act))


@attack("No rule of the policy allows “approval.give”", "allows “approval.give”")
def approval_without_the_role(s: Scene) -> str:
    act = s.act("dora", "approval.give", s.approval(s.waiting()))
    return told(s.seat("dora").ask(act))


@attack("department", "department")
def approval_by_the_issuers_department(s: Scene) -> str:
    act = s.act("walt", "approval.give", s.approval(s.waiting("ada")))
    return told(s.seat("walt").ask(act))


@attack("already", "already")
def one_person_approves_twice(s: Scene) -> str:
    command = s.waiting("dora", "siren.sound")
    peer = s.seat("ben")
    assert told(peer.ask(s.act("ben", "approval.give", s.approval(command)))) == "acknowledged"
    return told(peer.ask(s.act("ben", "approval.give", s.approval(command))))


@attack("not wait for an approval any more|time to approve it is over", "any more|is over")
def stale_approval(s: Scene) -> str:
    command = s.waiting("ada", "pump.start")
    act = s.act("ben", "approval.give", s.approval(command))
    until(lambda: s.state(command) is CommandState.EXPIRED, what="expired")
    return told(s.seat("ben").ask(act))


@attack("lets you release this without its approvals", "without its approvals")
def breaking_the_glass_without_the_right(s: Scene) -> str:
    body = s.approval(s.waiting(), reason="because I can")
    return told(s.seat("ada").ask(s.act("ada", "approval.break_glass", body)))


# --- leases


def _held_pump(s: Scene, pump: str) -> None:
    peer = s.seat("ada", "desk-3")
    reply = told(peer.ask(s.act("ada", "lease.take", {"asset_id": pump})))
    assert reply in ("acknowledged", "You hold it already"), reply


def _holder(s: Scene, pump: str) -> str:
    holder = s.rig.hub._core.room[Leases].holder(pump)
    return holder.person if holder else "nobody"


@attack("only they can let it go, ada holds it", "only they can let it go")
def letting_go_of_somebody_elses_lease(s: Scene) -> str:
    _held_pump(s, "pump-a")
    reply = s.seat("walt").ask(s.act("walt", "lease.release", {"asset_id": "pump-a"}))
    return f"{told(reply)}, {_holder(s, 'pump-a')} holds it"


@attack("ask for it instead, ada holds it", "ask for it instead")
def taking_over_with_lower_rank(s: Scene) -> str:
    _held_pump(s, "pump-a")
    body = {"asset_id": "pump-a", "reason": "mine"}
    reply = s.seat("walt").ask(s.act("walt", "lease.seize", body))
    return f"{told(reply)}, {_holder(s, 'pump-a')} holds it"


@attack("only they can hand it over, ada holds it", "only they can hand it over")
def consenting_for_the_holder(s: Scene) -> str:
    _held_pump(s, "pump-a")
    body = {"asset_id": "pump-a", "to_console": "desk-1:x"}
    reply = s.seat("walt").ask(s.act("walt", "lease.consent", body))
    return f"{told(reply)}, {_holder(s, 'pump-a')} holds it"


@attack("REJECTED.*is held by Ada")
def commanding_what_somebody_else_holds(s: Scene) -> str:
    _held_pump(s, "pump-b")
    command = msgspec.structs.replace(s.command("pump.start"), target_id="pump-b")
    s.seat("walt").ask(s.submit("walt", command))
    return _state_text(s, command.id)


# --- after revocation


@attack("")
def revoked_key_in_an_open_session(s: Scene) -> str:
    s.desks["leaving"] = s.rig.security("leaving")
    peer = s.seat("ada", "leaving")
    s.rig.keys.store.revoke_workstation("leaving")
    until(lambda: not s.rig.hub._admission.security.is_welcome(s.desks["leaving"].public_key))
    peer.send(s.submit("ada", s.command()))
    replies = [told(peer.receive(0.5)) for _ in range(2)]
    return " ".join(one for one in replies if "was revoked" not in one).strip()


@attack("hello needed")
def revoked_person_in_an_open_session(s: Scene) -> str:
    s.people["leaver"] = s.rig.person("leaver", "water")
    peer = s.seat("leaver", "desk-1")
    s.rig.keys.store.change_person("leaver", revoked=True)
    assert "The key of Leaver was revoked" in told(peer.receive())
    return told(peer.ask(s.submit("leaver", s.command())))


@attack("hello needed")
def old_key_of_a_person_with_a_new_one(s: Scene) -> str:
    s.people["renewed"] = s.rig.person("renewed", "water")
    peer = s.seat("renewed", "desk-1")
    s.rig.keys.store.change_person("renewed", revoked=True)
    s.rig.person("renewed", "water")
    assert "was revoked" in told(peer.receive())
    return told(peer.ask(s.submit("renewed", s.command())))


# --- what breaks parsers


@attack("")
def message_of_two_megabytes(s: Scene) -> str:
    peer = s.seat("cy")
    peer.send_frames([b"civ1", b"x" * (2 << 20)])
    return told(peer.receive(0.5))


@attack("", "unreadable messages")
def flood_of_rubbish(s: Scene) -> str:
    peer = s.seat("cy")
    for n in range(40):
        peer.send_frames([b"civ1", bytes([n]) * 40])
    return told(peer.receive(0.5))


@attack("must be plain JSON|cannot be read", "plain JSON|cannot be read")
def arguments_without_an_end(s: Scene) -> str:
    deep: dict = {}
    for _ in range(60):
        deep = {"a": deep}
    act = Act(id=uuid7(), kind="message.post", body={"text": deep}, signature="00" * 64)
    return told(s.seat("ada").ask(act))


# --- the test itself


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with scene_of_attack(tmp_path_factory.mktemp("attacked")) as scene:
        yield scene


def test_there_are_enough_of_them():
    assert len(ATTACKS) >= 72


@pytest.mark.parametrize("name", ATTACKS)
def test_attack(scene: Scene, name: str):
    tried = ATTACKS[name]
    n_audits = len(scene.rig.audits())
    with scene.during(name):
        heard = tried.run(scene)
    assert is_like(tried.told, heard), heard
    if tried.audit:
        until(
            lambda: any(is_like(tried.audit, one["why"]) for one in scene.rig.audits()[n_audits:]),
            what=f"audit of {name}",
        )
    scene.require_no_harm()


def test_an_honest_person_still_gets_everything_done(scene: Scene):
    with scene.during("honest"):
        peer = scene.seat("ada")
        assert isinstance(peer.ask(Ping(t_ns=1)), object)
        assert isinstance(peer.ask(GetSnapshot()), Snapshot)
        command = scene.command()
        assert told(peer.ask(scene.submit("ada", command))) == "acknowledged"
        ben = scene.seat("ben", "desk-2")
        reply = ben.ask(scene.act("ben", "approval.give", scene.approval(command)))
        assert told(reply) == "acknowledged"
        assert scene.state(command) is CommandState.QUEUED
        assert isinstance(scene.peer("desk-2").ask(scene.peer("desk-2").hello()), Challenge)

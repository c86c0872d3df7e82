"""Rules in force, and new ones in their place as soon as the files change, without a restart."""

import dataclasses
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context

import structlog
from confluent_kafka import KafkaException

from secure_signal.adapters import rule_files
from secure_signal.adapters.rule_status import MAX_PROBLEMS, Announcements, Failure, Status
from secure_signal.adapters.rule_watch import RuleWatch
from secure_signal.adapters.settings import Settings
from secure_signal.core.detection import plan
from secure_signal.core.detection.rules import rule_list
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.errors import RetryError
from secure_signal.services.detector import metrics

_BETWEEN_LOOKS = 0.25
_REST = 99
"""Looking at the files takes no more than a hundredth of the time."""
_BETWEEN_SIGNS = 10.0
_BETWEEN_NOTES = 24 * 3600.0
_LONGEST_TEXT = 500
_PATIENCE = 2.0

log = structlog.get_logger()


class Rules:
    """The rule set in force. Loading is the work of a thread of its own, so that judging goes on meanwhile.

    Where the files are wrong, or gone, the set that was good stays in force. UsageError where there is
    none to begin with.
    """

    def __init__(self, settings: Settings) -> None:
        self._paths = (settings.rules, settings.logsources)
        self._watch = RuleWatch(rule_files.paths(*self._paths))
        self._announcements = Announcements(settings.kafka_bootstrap_servers)
        self._instance = settings.instance or f"{socket.gethostname()}-{secrets.token_hex(3)}"
        self._found: RuleSet | None = None
        self._signed_at = self._noted_at = -_BETWEEN_NOTES
        self._failure: Failure | None = None
        self._put_in_force(rule_files.load(*self._paths))

    def announce(self) -> None:
        """Let others know which set is in force, before it judges anything; RetryError without Kafka."""
        self._note(self.current)
        self._sign()

    @contextmanager
    def followed(self, stop: threading.Event) -> Iterator[None]:
        """Watch the files from a thread, until ``stop``."""
        thread = threading.Thread(
            target=copy_context().run, args=(self._follow, stop), name="rules", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            thread.join(_PATIENCE)

    def _follow(self, stop: threading.Event) -> None:
        look_at = 0.0
        while not stop.wait(_BETWEEN_LOOKS):
            try:
                begun = time.monotonic()
                if begun >= look_at:
                    has_changed = self._watch.has_changed()
                    look_at = begun + _REST * (time.monotonic() - begun)
                    if has_changed:
                        self._load()
                self._tell()
            except (RetryError, KafkaException) as error:
                log.warning("cannot tell which rules are in force", reason=str(error))
        self._leave()

    def _tell(self) -> None:
        if self._found is not None:
            # Whoever asks what was evaluated can look the set up, even if this process dies at once.
            self._note(self._found)
            self._put_in_force(self._found)
            self._found = None
        if time.monotonic() - self._noted_at >= _BETWEEN_NOTES:
            self._note(self.current)
        if time.monotonic() - self._signed_at >= _BETWEEN_SIGNS:
            self._sign()

    def _load(self) -> None:
        try:
            found, problems = rule_files.check(*self._paths)
            if found is not None:
                plan.prepare(found, self.current)
        except Exception as error:
            # Whatever was put there, the rules in force stay.
            log.exception("the rule files made the loader fail")
            found, problems = (
                None,
                [Problem(str(rule_files.paths(*self._paths)[0]), None, f"fails: {error!r}")],
            )
        self._signed_at = -_BETWEEN_SIGNS
        if found is None:
            self._refuse(problems)
            return
        self._failure = None
        metrics.RELOAD_FAILED.set(0)
        is_other = found.hash != self.current.hash
        self._found = found if is_other else None
        if not is_other:
            log.info("the rule files changed, what they mean did not", ruleset=found.hash)

    def _refuse(self, problems: list[Problem]) -> None:
        shown = [dataclasses.replace(p, what=p.what[:_LONGEST_TEXT]) for p in problems[:MAX_PROBLEMS]]
        self._failure = Failure(_now(), len(problems), shown)
        self._found = None
        metrics.RELOAD_FAILURES.inc()
        metrics.RELOAD_FAILED.set(1)
        log.error(
            "the new rules are wrong: those from before stay in force",
            ruleset=self.current.hash,
            count=len(problems),
            problems=[str(problem) for problem in shown],
        )

    def _put_in_force(self, ruleset: RuleSet) -> None:
        for rule, notice in ruleset.notices:
            log.warning(notice, rule=rule.id, title=rule.title)
        for remark in ruleset.remarks:
            log.warning(remark)
        log.info("rules are in force", ruleset=ruleset.hash, count=len(ruleset.rules))
        self.current = ruleset
        self._loaded = _now()
        metrics.RULES.set(len(ruleset.rules))
        metrics.RULES_LOADED.set_to_current_time()
        metrics.RULESET.clear()
        metrics.RULESET.labels(ruleset.hash).set(1)

    def _note(self, ruleset: RuleSet) -> None:
        self._announcements.note(rule_list.of(ruleset, _now()))
        self._noted_at = time.monotonic()

    def _sign(self) -> None:
        count = len(self.current.rules)
        self._announcements.tell(
            Status(self._instance, self.current.hash, count, self._loaded, _now(), self._failure)
        )
        self._signed_at = time.monotonic()

    def _leave(self) -> None:
        try:
            self._announcements.leave(self._instance)
        except RetryError as error:
            log.warning("cannot tell that this detector ends", reason=str(error))


def _now() -> int:
    return time.time_ns() // 1000

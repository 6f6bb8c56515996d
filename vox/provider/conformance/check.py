"""What a check is, and how it is entered into a list."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from vox.provider.conformance.bench import Bench

__all__ = ["Check", "Checklist", "Kind"]

Kind = Literal["asr", "tts"]

CheckFunction = Callable[["Bench"], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a provider has to do, or may do.

    Attributes:
        rule: The sentence of the protocol it stands for.
        mend: What an author does about a failure.
        kind: Only for providers that recognise, or that speak.
        feature: Only for providers that declare it.
        needs: Ids of checks without whose success this one says nothing.
        run: Returns when all is well; raises `Failed`, `Warned` or `NotOffered`. Its docstring explains the check.
    """

    id: str
    title: str
    rule: str
    mend: str
    kind: Kind | None
    feature: str | None
    needs: tuple[str, ...]
    run: CheckFunction


class Checklist(list[Check]):
    """The checks of one part of the protocol, in the order of their functions."""

    def add(
        self,
        number: str,
        title: str,
        *,
        rule: str,
        mend: str,
        kind: Kind | None = None,
        feature: str | None = None,
        needs: tuple[str, ...] = (),
    ) -> Callable[[CheckFunction], CheckFunction]:
        """Decorate the function of a check; the arguments are the attributes of `Check`, `number` its id."""

        def enter(function: CheckFunction) -> CheckFunction:
            self.append(Check(number, title, rule, mend, kind, feature, needs, function))
            return function

        return enter

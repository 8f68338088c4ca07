"""What a check found, law by law, printed as it comes."""
import textwrap
from collections import namedtuple

Finding = namedtuple("Finding", "law state text")


class DoesNotApply(Exception):
    """A law has nothing to say here; the message tells why."""


class Strange(Exception):
    """Not wrong, but worth a look; the message tells why."""


class Report:
    """The findings of a check.

    Attributes:
        findings: a list of (law, state, text); the state is "ok", "WRONG", "look" if something is strange, or "-" where a law
            does not apply.
        ok: whether nothing is wrong.
    """

    def __init__(self, subject: str, verbose: bool = True):
        self.subject, self.verbose, self.findings = subject, verbose, []
        self._print(f"Checking {subject}")

    @property
    def ok(self) -> bool:
        return all(finding.state != "WRONG" for finding in self.findings)

    def law(self, name: str, check, hint: str = "") -> None:
        """Run `check`: it returns what is worth saying, raises DoesNotApply or Strange, or anything else if the law is broken.

        Args:
            hint: what the law asks for and what mostly breaks it; printed if it is broken.
        """
        try:
            finding = Finding(name, "ok", check() or "")
        except DoesNotApply as reason:
            finding = Finding(name, "-", str(reason))
        except Strange as reason:
            finding = Finding(name, "look", f"{_plain(reason)} {hint}")
        except AssertionError as error:
            finding = Finding(name, "WRONG", f"{_plain(error)} {hint}")
        except Exception as error:
            finding = Finding(name, "WRONG", f"it raised {type(error).__name__}: {_plain(error)} {hint}")
        self.findings.append(finding)
        self._print(str_of(finding))

    def finish(self) -> "Report":
        """Itself, after a last line that says how it went; AssertionError, with all that is wrong, if something is."""
        wrong = [finding for finding in self.findings if finding.state == "WRONG"]
        self._print(f"{self.subject}: {f'broken laws: {len(wrong)}' if wrong else 'all laws hold'}")
        if wrong:
            first = f"{self.subject} breaks {len(wrong)} of {len(self.findings)} laws"
            raise AssertionError("\n".join([first, *map(str_of, wrong)]))
        return self

    def _print(self, text):
        if self.verbose:
            print(text)


def str_of(finding) -> str:
    """A finding as lines of text."""
    lines = textwrap.wrap(finding.text, 100) or [""]
    return "\n".join([f"  {finding.state:5}  {finding.law:28} {lines[0]}", *(" " * 38 + line for line in lines[1:])])


def _plain(error):
    text = " ".join(str(error).split())
    return text if text.endswith((".", "?", "!")) else f"{text}."

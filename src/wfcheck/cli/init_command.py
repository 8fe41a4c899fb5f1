"""`wfcheck init`: a first spec that checks. It asks nothing and overwrites nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from wfcheck.cli import output

NAME = "agent.wf"
STARTER = """# What the agent may touch. Replace these tools by your own: `wfcheck import mcp FILE` writes them from a catalogue.
influence email
secrecy private

principal assistant is agent { clears {private} }
principal owner is human { clears {private}  trusts {email, model} }

channel outside

tool read_inbox() -> list<text> {
  effect read
  emits nothing
  returns {email, private}
}

tool send_email(to: address, body: text) {
  effect irreversible
  emits outside
  returns {}
}

workflow answer(request: text from {user}, receiver: address from {user}) as assistant {
  mails = read_inbox()
  draft = llm write_answer(mails, request) -> text
  approve send_email(to: receiver, body: draft) by owner
  send_email(to: receiver, body: draft)
}

policy safety {
  ## A person sees every mail before it leaves.
  @severity(high)
  approved: require approve(by: owner, shows: args) before send_email

  ## Mails go to whom the user named, never to whom a mail names.
  @severity(high)
  receiver: require send_email.to from only {user}
}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """The options of `init`."""
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="FOLDER", help="where (default: the current folder)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the starter; 2 if there is a file of its name."""
    path = str(Path(args.folder) / NAME)
    code = output.complain(output.create(STARTER, path))
    if code == 0:
        output.note(f"wrote {path}; next: wfcheck check {path}\n")
    return code

# SPDX-License-Identifier: ISC
"""known: what is known to fail, and may only become less."""
import os


def read_known(program):
    """{"SCENE VERDICT"} of the rows of PROGRAM in the file "known"."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "known")) as f:
        rows = [line.split("#")[0].split() for line in f]
    return {" ".join(row[1:3]) for row in rows if len(row) == 3 and row[0] == program}

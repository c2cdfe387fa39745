"""The bugs of `make seeded-bugs` can be put in: sources change, and they are run by hand alone."""

import pytest
from seeded_bugs import BUGS, misplaced


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_seeded_bug_fits_the_sources(bug):
    assert not misplaced(bug)

"""How far off the turns are that the simulator finds in speech whose place is known.

Lines by espeak-ng in seven languages, at every sampling rate and law, three loudnesses, with and without
noise.

    python benchmarks/hearing.py
"""

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "simulator"))

from spoken_lines import FORMATS, LINES, laid, loudnesses_db, spoken_lines
from test_hearing_accuracy import errors_ms, heard

NOISES_DB = [None, -52, -38]
"""Below the peak of the line."""


def main() -> None:
    errors = defaultdict(list)
    for (_, _, text), line in zip(LINES, spoken_lines(), strict=True):
        for rate_hz, law in FORMATS:
            for loudness_db in loudnesses_db(law):
                for below_db in NOISES_DB:
                    if below_db is not None and loudness_db < -12:
                        continue
                    noise_db = None if below_db is None else loudness_db + below_db
                    place = laid(line, rate_hz=rate_hz, law=law, loudness_db=loudness_db, noise_db=noise_db)
                    found = heard(place, rate_hz=rate_hz, law=law)
                    if len(found) != 2:
                        print(
                            f"{len(found)} events, not 2: {text!r} {rate_hz} {law} {loudness_db} {noise_db}"
                        )
                        continue
                    errors[below_db].append(errors_ms(place, found))
    print(f"{'noise below peak':18}{'lines':>6}   start: median, 5-95 %, extremes      end")
    for below_db, pairs in errors.items():
        columns = []
        for values in np.array(pairs).T:
            low, five, half, most, high = np.percentile(values, [0, 5, 50, 95, 100]).round()
            columns.append(f"{half:+5.0f}  {five:+.0f} to {most:+.0f}  {low:+.0f} to {high:+.0f} ms")
        name = "none" if below_db is None else f"{below_db} dB"
        print(f"{name:18}{len(pairs):6}   {columns[0]:36} {columns[1]}")


if __name__ == "__main__":
    main()

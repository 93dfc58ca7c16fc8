"""How many simulated events a second one core takes: `python -m benchmarks.simulation --help`.

An event is what happens in a history: a step of a person, a customer or the world, or a cycle of syncd with all its
calls. CPU time of this process alone is counted, in several rounds over the same seeds.
"""
# ruff: noqa: T201 - a command talks by printing

import argparse
import gc
import statistics
import time

from tests.simulation import steps
from tests.simulation.runner import run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many histories a round has")
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    gc.set_threshold(100_000, 50, 50)
    histories = [steps.make(seed) for seed in range(told.seeds)]
    run(histories[0])
    rates = []
    for number in range(told.rounds):
        begun = time.process_time()
        events = sum(run(history).events for history in histories)
        rates.append(events / (time.process_time() - begun))
        print(f"round {number + 1}: {events} events, {rates[-1]:.0f} a second")
    print(f"median of {told.rounds}: {statistics.median(rates):.0f} events a second")


if __name__ == "__main__":
    main()

"""`python -m bench [W1 W1d W2 W3 W4 W5 | "W2 32 adam" ...]`: measures, prints tables, asserts nothing."""

import argparse

from bench import machine
from bench.cases import CASES, KARPATHY, NUMPY_ML, OURS, TF, Case, mnist_folder
from bench.rivals import Child, rivals
from bench.table import course, medians, report, summary

FIXED_ROUNDS = {"epoch": 5, "memory": 8}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("cases", nargs="*", help="workloads (W2) or single cases ('W2 32 adam'); none: all")
    parser.add_argument("--rounds", type=int, default=20, help="rounds of each rival (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a round (default %(default)s)")
    parser.add_argument("--patience", type=float, default=60, help="seconds a case may wait for an idle machine")
    parser.add_argument("--quick", action="store_true", help="5 short rounds, nothing compiled")
    parser.add_argument("--only", nargs="*", metavar="WORD", help="only rivals whose names hold one of these words")
    parser.add_argument("--playground", metavar="PATH", help="a checkout of TensorFlow Playground")
    parser.add_argument("--convnetjs", metavar="PATH", help="a checkout of ConvNetJS")
    parser.add_argument("--numpy-ml", metavar="PATH", help="a checkout of numpy-ml")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds = min(args.rounds, 5), 0.15
    chosen = [case for case in CASES if not args.cases or {case.name, case.name.split()[0]} & set(args.cases)]
    if not chosen:
        parser.error(f"no such case; there are {', '.join(case.name for case in CASES)}")
    names = [rival.name for rival in rivals(args.playground, args.convnetjs, args.numpy_ml, args.quick)]
    if unknown := [word for word in args.only or () if not any(word in name for name in names)]:
        parser.error(f"--only: no rival's name holds {', '.join(map(repr, unknown))}; there are {'; '.join(names)}")

    print(machine.describe())
    print("MNIST:", "the real rows" if mnist_folder() else "no files found, random rows of that shape instead")
    for name, path in ((TF, args.playground), (KARPATHY, args.convnetjs), (NUMPY_ML, args.numpy_ml)):
        if path is None:
            print(f"{name}: left out, no path to its sources given")
    versions: dict[str, None] = {}
    results = []
    for case in chosen:
        children = measure(case, args)
        if not children:
            print("none of the rivals asked for takes this case", flush=True)
            continue
        found = medians(children)
        results.append((case, found))
        versions |= dict.fromkeys(child.version for child in children if child.version)
        print(course(case, children) if case.kind in FIXED_ROUNDS else report(case, children), flush=True)
    families = dict.fromkeys(child.family for child in rivals("-", "-", "-", False) if child.family != OURS)
    alike = [(case, found) for case, found in results if case.kind not in FIXED_ROUNDS]
    if alike:
        measured = [family for family in families if any(family in found for _, found in alike)]
        print("\n## Times ours\n")
        print(summary(alike, measured))
    print("\nVersions:", "; ".join(versions))


def measure(case: Case, args: argparse.Namespace) -> list[Child]:
    """Runs one case: every rival in its own process, in turn, round by round."""
    rounds = FIXED_ROUNDS.get(case.kind, args.rounds)
    print(f"\n## {case.name}: {case.title}\n", flush=True)
    children: list[Child] = []
    left, disturbed = args.patience, 0
    try:
        for rival in rivals(args.playground, args.convnetjs, args.numpy_ml, args.quick):
            if rival.takes(case) and (not args.only or any(word in rival.name for word in args.only)):
                children.append(Child(rival, case))
        for _ in range(rounds):
            idle, waited = machine.wait_for_idle(left)
            left = max(0.0, left - waited)
            disturbed += not idle
            for child in children:
                child.round(args.seconds)
    finally:
        for child in children:
            child.close()
    print(f"{rounds} rounds, denormals flushed except as shipped", end="")
    print(f"; the machine was busy in {disturbed} of them\n" if disturbed else "\n")
    return children


if __name__ == "__main__":
    main()

"""``python -m pipelines``: the same as the console script ``regulars``."""

from pipelines.cli.app import run

if __name__ == "__main__":
    run()

"""``python -m vla_gym.cli``: the same as ``vla-gym``."""

from vla_gym.cli.main import main

if __name__ == "__main__":
    main()

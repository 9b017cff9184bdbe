"""`python -m pipeline`: the same program as the console script `sellercenter`."""

from pipeline.cli.main import main

if __name__ == "__main__":
    main()

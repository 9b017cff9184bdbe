"""Nightly import as an Airflow DAG (Airflow 3, or 2.9 and newer): put it into the DAGs folder.

Exit codes decide what Airflow does: what a person must look at isn't tried again, a shop that can't
be reached or is held by another run is.
"""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta

try:  # Airflow 3
    from airflow.sdk import dag, task
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
except ImportError:
    from airflow.decorators import dag, task
    from airflow.exceptions import AirflowException, AirflowFailException

CONFIG = "/etc/sellercenter/sellercenter.toml"
STATE = "/var/lib/sellercenter"  # on a disk that all workers of the queue share, or one worker only
#: Unreachable, or another run holds the shop: later it may work.
AGAIN = (9, 10)
#: Done; or done but for some rows, which the report names.
DONE = (0, 7)


@dag(
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1),  # noqa: DTZ001 - Airflow takes it in the DAG's own zone
    catchup=False,  # the job makes up for missed nights itself, once
    max_active_runs=1,
    tags=["catalog"],
)
def sellercenter_nightly() -> None:
    """One job of the settings, once a night."""

    @task(retries=3, retry_delay=timedelta(minutes=20), execution_timeout=timedelta(hours=8))
    def run(job: str) -> int:
        words = ["sellercenter", "run", job, "--yes", "--config", CONFIG, "--state", STATE]
        code = subprocess.run(words, check=False).returncode
        if code in DONE:
            return code
        if code in AGAIN:
            raise AirflowException(f"sellercenter ended with {code}: trying again later")
        raise AirflowFailException(f"sellercenter ended with {code}: someone must look at the report")

    run("nightly")


sellercenter_nightly()

"""The commands behind docs/PERFORMANCE.md go on working, and notice an answer that is not the one they measure."""

import subprocess
import sys

import pytest

from benchmarks import machine
from benchmarks.load import WrongAnswer, ask_once, drive, request
from benchmarks.report import ratios, spread, table
from devstack.service import ROOT

SPIN = "import time; all(time.process_time() < 0.3 for _ in iter(int, 1))"


def output_of(benchmark, *arguments):
    command = [sys.executable, "-m", f"benchmarks.{benchmark}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout


def rows_of(benchmark, *arguments):
    lines = output_of(benchmark, *arguments).partition("| --- |")[2].splitlines()[1:]
    return [line.removeprefix("| ").removesuffix(" |").split(" | ") for line in lines if line.startswith("|")]


def test_the_http_benchmark_compares_every_request_with_stock_rest_framework():
    rows = rows_of(
        "__main__", "--only", "requests", "--rounds", "1", "--seconds", "0.05", "--connections", "2", "--tasks", "2000"
    )

    kinds = ("list, first page", "list, deep page", "retrieve", "create", "health")
    programs = ("TaskHub", "stock Django REST framework", "Litestar + asyncpg")
    assert [row[:2] for row in rows[:15]] == [[kind, program] for kind in kinds for program in programs]


def test_the_stages_of_a_request_add_up():
    *parts, together = rows_of("stages", "--requests", "50", "--tasks", "2000")

    for column in (1, 2):
        sizes = [int(part[column].replace(",", "")) for part in parts]
        assert min(sizes) > 0
        assert sum(sizes) == pytest.approx(int(together[column].replace(",", "")), abs=len(parts))


def test_the_jobs_benchmark_compares_the_backlog_and_the_latency_of_all_engines():
    rows = rows_of("jobs", "--rounds", "1", "--jobs", "20", "--seconds", "0.1", "--pace", "50", "--peak", "100")

    ours = ["TaskHub, database only", "TaskHub, external part", "TaskHub, external part and finish"]
    engines = ["bare Celery", *ours, "procrastinate"]
    engines += ["plain loop, 1 at a time", "plain loop, 50 at a time"]
    assert [row[0] for row in rows] == [
        *(*engines, "ms from commit to finished", "---", *engines, "many at once", "---", *ours)
    ]
    assert all(float(row[6]) > 0 for row in rows[1:7])  # statements
    assert all(float(row[1]) > 0 for row in rows[9:16])  # milliseconds


def test_the_jobs_benchmark_shows_what_idleness_costs_and_how_due_jobs_are_found():
    said = output_of("jobs", "--plans", "1000", "--seconds", "0.5")

    assert "| TaskHub |" in said
    assert "the sweep finds them" in said
    assert "a claim finds them" in said
    assert said.count("Index Scan using job_log_unfinished_idx") >= 3
    assert "Seq Scan" not in said


def test_an_answer_with_another_status_ends_the_measurement(service):
    with pytest.raises(WrongAnswer, match="401"):
        drive(service.port, request("GET", "/tasks/", token="forged"), connections=2, seconds=5)


def test_the_load_generator_counts_what_the_server_answered(service):
    def logged():
        return service.log.read_text().count("GET /health 200")

    before = logged()
    count, seconds = drive(service.port, request("GET", "/health"), connections=2, seconds=0.2)

    assert logged() - before == count
    assert seconds >= 0.2


def test_a_body_that_comes_in_chunks_is_read_whole(service):
    assert ask_once(service.port, request("GET", "/health"))["status"] == "ok"


@pytest.mark.parametrize("child", [f"{SPIN}; print(flush=True)", f"{SPIN}; print(flush=True); input()"])
def test_the_cpu_time_of_a_process_includes_that_of_its_children_dead_or_alive(child):
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}]); input()"

    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        spent = machine.cpu_seconds(process.pid)
        process.communicate(b"\n\n")

    assert 0.3 - 2 / machine.TICKS <= spent < 3  # user and system time are each counted in whole ticks


def test_a_ratio_is_taken_round_by_round():
    assert ratios([10, 30], [5, 10]) == [2, 3]
    assert spread([3, 1, 2]) == "2 [1 to 3]"


def test_a_table_is_markdown():
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"

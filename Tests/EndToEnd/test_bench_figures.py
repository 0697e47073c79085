"""The figures of the benchmark and the verdict on counted instructions; the measurements themselves are no tests."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest

import instructions
from bench import report
from bench.__main__ import run_groups
from bench.failure import MeasurementFailed
from bench.figures import at_least, at_most, milliseconds, percentile, ratio, rate, Row, spread, table
from bench.groups import send
from bench.holdfast import serving
from bench.requests import receive_and_delete
from bench.settings import Bench
from bench.undisturbed import Processors, undisturbed, Watch

ROUNDS = [{"ours": 30, "theirs": 20}, {"ours": 10, "theirs": 20}, {"ours": 50, "theirs": 20}]


def ratio_row(goal=None):
    return Row("ours / theirs", lambda figures: figures["ours"] / figures["theirs"], ratio, goal)


@pytest.mark.parametrize("percent, value", [(1, 1), (50, 50), (99, 99), (99.9, 100), (100, 100)])
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(percent, value):
    assert percentile(range(100, 0, -1), percent) == value


def test_the_percentiles_of_one_value_are_that_value():
    assert [percentile([7], percent) for percent in (0, 50, 99)] == [7, 7, 7]


def test_a_spread_tells_the_median_and_the_extremes():
    assert spread([30_000, 10_000, 52_000], rate) == "30,000/s (10,000/s to 52,000/s)"


def test_one_value_has_no_spread():
    assert spread([1.5], milliseconds) == "1.50 ms"


def test_a_ratio_is_one_within_a_round():
    assert ratio_row().cells(ROUNDS) == ["ours / theirs", "–", "1.50 (0.50 to 2.50)", "–"]


@pytest.mark.parametrize(
    "goal, verdict", [(at_least(1.5), "yes"), (at_least(1.6), "no"), (at_most(1.5), "yes"), (at_most(1.4), "no")]
)
def test_the_median_decides_whether_a_goal_is_reached(goal, verdict):
    assert ratio_row(goal).cells(ROUNDS)[3] == verdict


def test_a_table_is_aligned():
    lines = table([ratio_row(at_least(1)).cells(ROUNDS)]).splitlines()
    assert lines[2] == "| ours / theirs | ≥ 1.00 | 1.50 (0.50 to 2.50)        | yes     |"
    assert len({len(line) for line in lines}) == 1


def test_the_goals_replace_those_of_the_last_run():
    group = SimpleNamespace(ROWS=[ratio_row(), ratio_row(at_least(1))])
    text = f"before {report.GOALS_BEGIN} old {report.GOALS_END} after"
    written = report.with_goals(text, {"group": group}, {"group": ROUNDS})
    assert written == f"before {report.GOALS_BEGIN}\n{table([ratio_row(at_least(1)).cells(ROUNDS)])}\n{report.GOALS_END} after"


def test_the_document_names_the_groups_that_failed():
    group = SimpleNamespace(TITLE="Ours", ROWS=[ratio_row(at_least(1))])
    failed = SimpleNamespace(TITLE="Theirs", ROWS=[replace(ratio_row(at_least(1)), what="theirs / ours")])
    written = report.document("- date: today", {"group": group, "tail": failed}, {"group": ROUNDS})
    assert "- date: today\n- not in here, because their measurement failed: tail\n" in written
    assert re.search(r"\| theirs / ours *\| ≥ 1.00 \| not measured *\| no ", written)
    assert "## Ours" in written
    assert "## Theirs" not in written


def test_a_group_that_fails_does_not_keep_the_others_from_being_told(tmp_path, capsys):
    def fail(bench):
        raise MeasurementFailed("moto answered nothing")

    groups = {
        "first": SimpleNamespace(TITLE="First", ROWS=[ratio_row()], measure=fail),
        "second": SimpleNamespace(TITLE="Second", ROWS=[ratio_row()], measure=lambda bench: ROUNDS),
    }
    assert run_groups(Bench(tmp_path, rounds=3, seconds=1), groups, writes=False) == 1
    told = capsys.readouterr().out
    assert "first failed: moto answered nothing" in told
    assert "1.50 (0.50 to 2.50)" in told


class Host:
    """A host that holds back so much of each measurement in turn, each of which wants one second."""

    def __init__(self, monkeypatch, bench, *shares):
        self.bench = bench
        self.shares = iter(shares)
        self.processors = Processors(used=0, held_back=0)
        self.measured = 0
        monkeypatch.setattr(Processors, "now", lambda: self.processors)

    def measure(self):
        share = next(self.shares)
        # Before what counts the machine may be as disturbed as it will.
        self.processors = Processors(self.processors.used, self.processors.held_back + 1)
        with self.bench.watch.measuring():
            self.processors = Processors(self.processors.used + 1 - share, self.processors.held_back + share)
        self.measured += 1
        return self.measured


def quick(tmp_path, **settings):
    return Bench(tmp_path, rounds=1, seconds=1, rest_seconds=0, **settings)


@pytest.mark.parametrize(
    "shares, counts, of",
    [((0.0,), 1, 1), ((0.019,), 1, 1), ((0.3, 0.01), 2, 2), ((0.3, 0.1, 0.2), 2, 3), ((0.1, 0.2, 0.01), 3, 3)],
)
def test_the_measurement_that_the_host_disturbed_least_counts(tmp_path, monkeypatch, shares, counts, of):
    bench = quick(tmp_path)
    host = Host(monkeypatch, bench, *shares)
    assert undisturbed(bench, host.measure) == counts
    assert host.measured == of
    assert bench.watch.measurements == [pytest.approx(shares)]


def test_what_must_be_prepared_is_so_before_each_trial(tmp_path, monkeypatch):
    bench = quick(tmp_path)
    host = Host(monkeypatch, bench, 0.5, 0.0)
    prepared = []
    undisturbed(bench, host.measure, prepare=lambda: prepared.append(host.measured))
    assert prepared == [0, 1]


def test_a_short_run_has_no_second_trial(tmp_path, monkeypatch):
    bench = quick(tmp_path, trials_max=1)
    assert undisturbed(bench, Host(monkeypatch, bench, 0.5).measure) == 1


def test_the_summary_tells_what_was_disturbed_all_the_same():
    watch = Watch()
    watch.measurements += [[0.0], [0.5, 0.01], [0.4, 0.06, 0.1]]
    told = "the host held back more than 2% of the processor time wanted in 1 of 3 measurements, for which 6 trials were made"
    assert watch.summary() == f"{told}; 6% at the most"
    watch.measurements.pop()
    assert watch.summary() == told.replace("1 of 3", "0 of 2").replace("6 trials", "3 trials")


@pytest.mark.parametrize("count, status", [(100, 0), (104, 0), (106, 1), (90, 0)])
def test_only_more_instructions_than_the_tolerance_fail(count, status):
    assert instructions.judge({"send": {"http": count}}, {"send": {"http": 100}}) == status


# Portions of a backlog, and an end before the end


@pytest.mark.parametrize("connections", [1, 16])
def test_a_portion_is_as_many_messages_as_were_wanted(daemon, json_client, queue, connections):
    for first in range(0, 300, 10):
        entries = [{"Id": str(number), "MessageBody": "x"} for number in range(first, first + 10)]
        json_client.call("SendMessageBatch", {"QueueUrl": queue, "Entries": entries})
    receive_and_delete(daemon.port, queue, 200, connections)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = json_client.call("GetQueueAttributes", {"QueueUrl": queue, "AttributeNames": names}).json["Attributes"]
    assert [told[name] for name in names] == ["100", "0"]


def test_a_measurement_that_is_interrupted_leaves_nothing_and_says_why(tmp_path):
    with pytest.raises(KeyboardInterrupt), serving(tmp_path / "daemon") as measured:
        # Ctrl-C reaches the daemon too.
        measured.process.terminate()
        measured.process.wait()
        raise KeyboardInterrupt
    assert not (tmp_path / "daemon").exists()


@pytest.mark.parametrize("lasting, filled", [(600, [600]), (601, [600, 1200]), (2400, [600, 1200, 2400])])
def test_a_backlog_that_does_not_last_is_filled_anew_and_longer(monkeypatch, tmp_path, lasting, filled):
    lengths = []

    def load(bench, url, scenario, backlog):
        lengths.append(backlog)
        return {"backlog_exhausted": backlog < lasting, "messages_per_second": 7}

    monkeypatch.setattr(send, "load", load)
    assert send.receive_rate(Bench(tmp_path, rounds=1, seconds=2), SimpleNamespace(url=""), batch_rate=100) == 7
    assert lengths == filled


def test_a_backlog_that_never_lasts_is_a_failure(monkeypatch, tmp_path):
    monkeypatch.setattr(send, "load", lambda *_, **__: {"backlog_exhausted": True})
    with pytest.raises(MeasurementFailed, match="the backlog of 2400 messages did not last"):
        send.receive_rate(Bench(tmp_path, rounds=1, seconds=2), SimpleNamespace(url=""), batch_rate=100)

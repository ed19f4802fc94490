"""The README's table on listening, from results/listening.json."""

from tools.readme_markdown import markdown


def listening_table(measured: dict) -> str:
    """What tools/listening.py found, a column for each speech."""
    speech = {"synthetic": "synthetic speech", "speech_commands": "Speech Commands v0.02"}
    columns = [measured[source] for source in measured]
    rows = [
        [f"recall, {snr} dB over the noise", *(_recall(column["by_snr_db"][snr]) for column in columns)]
        for snr in columns[0]["by_snr_db"]
    ]
    rows += [
        ["recall, all", *(_recall(column["all"]) for column in columns)],
        ["false alarms among the words", *(f"{column['all']['false_alarms']}" for column in columns)],
        ["from a word's end to its report, median (95 %)", *(_latency(column["all"]) for column in columns)],
        ["false alarms an hour, without words", *(_alarms(column["without_words"]) for column in columns)],
        ["heard by the board too", *(_board_share(column["board"]) for column in columns)],
    ]
    return markdown(["", *(speech.get(source, source) for source in measured)], rows)


def _recall(found: dict) -> str:
    low, high = found["recall_interval"]
    return f"{found['heard']} of {found['words']}, {found['recall']:.1%} ({low:.1%} to {high:.1%})"


def _latency(found: dict) -> str:
    latency = found["latency_ms"]
    return "none was heard" if latency is None else f"{latency['p50']} ms ({latency['p95']} ms)"


def _alarms(found: dict) -> str:
    return f"{found['false_alarms_per_hour']:.1f} (noise alone {found['noise_alone']:.1f})"


def _board_share(found: dict) -> str:
    minutes = found["seconds_without_words"] / 60
    return f"all with words, {minutes:.0f} min without: {found['words_differing_from_host']} reports differ"

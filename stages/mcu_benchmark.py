"""mcu_benchmark: test clips as audio to the board, features, logits and labels compared, every phase timed."""

from kws.board_report import measure_board, write_report
from kws.stage import stage


@stage(
    candidates="folder of convert's .tflite files",
    images="folder of flash's firmware images",
    receipt="JSON of flash",
    test_clips="folder of WAV files, one a class",
    train_metrics="JSON of train, for the times on the computer",
    convert_metrics="JSON of convert",
    prune_table="CSV of prune_sweep",
    candidate_table="CSV of convert",
    gpu_references="folder of GPU times from other machines, or none in it",
    transcript="text, every line of the session",
    metrics="JSON",
    plots="folder for this stage's tables and pictures",
)
def main(paths, params):
    write_report(paths, params, measure_board(paths, params))


if __name__ == "__main__":
    main()

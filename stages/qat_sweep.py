"""qat_sweep: float models -> models trained on with quantizers in place, at every width; candidates for the board."""

from kws.figures.sweeps import accuracy_vs_bits
from kws.files import replaced_folder, write_json
from kws.stage import stage
from kws.sweeps import ptq, qat
from kws.sweeps.float_training import mean_test_accuracy, read_float_models, test_accuracies
from kws.tables import read_table, write_table


@stage(
    features="features.npz of preprocess",
    models="folder of float checkpoints",
    ptq_table="CSV of ptq_sweep, drawn beside this sweep",
    candidates="folder for the checkpoints",
    metrics="JSON",
    table="CSV, a row a seed and pair of widths",
    figure="PNG",
)
def main(paths, params):
    rows, checkpoints = qat.run(paths.features, read_float_models(paths.models), params)
    with replaced_folder(paths.candidates) as folder:
        qat.write_candidates(folder, rows, checkpoints)
    write_table(paths.table, ptq.COLUMNS, rows)
    accuracies = test_accuracies(paths.models)
    accuracy_vs_bits(paths.figure, read_table(paths.ptq_table), rows, accuracies, params.data.source)
    write_json(paths.metrics, ptq.summary(rows, mean_test_accuracy(paths.models)))


if __name__ == "__main__":
    main()

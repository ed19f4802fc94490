"""ptq_sweep: float models -> accuracy after quantization without training, at every width."""

from kws.files import write_json
from kws.stage import stage
from kws.sweeps import ptq
from kws.sweeps.float_training import mean_test_accuracy, read_float_models
from kws.tables import write_table


@stage(
    features="features.npz of preprocess",
    models="folder of float checkpoints",
    metrics="JSON",
    table="CSV, a row a seed and pair of widths",
)
def main(paths, params):
    rows = ptq.run(paths.features, read_float_models(paths.models), params)
    write_table(paths.table, ptq.COLUMNS, rows)
    write_json(paths.metrics, ptq.summary(rows, mean_test_accuracy(paths.models)))


if __name__ == "__main__":
    main()

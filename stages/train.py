"""train: features -> float models, one a seed, with what they will cost on the board; refused if that is too much."""

from kws import estimate_table
from kws.capacity import refuse_misfit
from kws.figures.training import training_figure
from kws.files import replaced_folder, write_json
from kws.stage import stage
from kws.sweeps import float_training
from kws.tables import write_table


@stage(
    features="features.npz of preprocess",
    models="folder for the checkpoints",
    metrics="JSON",
    estimate="CSV, a row a layer",
    history="CSV, a row an epoch and split",
    figure="PNG",
)
def main(paths, params):
    refuse_misfit(params)
    points = float_training.run(paths.features, params)
    metrics, history, source = float_training.report(paths.features, points, params.front_end.kind)
    with replaced_folder(paths.models) as folder:
        float_training.write_models(folder, points)
    write_table(paths.estimate, estimate_table.COLUMNS, metrics["layers"])
    write_table(paths.history, float_training.HISTORY_COLUMNS, history)
    training_figure(paths.figure, history, source)
    write_json(paths.metrics, metrics)


if __name__ == "__main__":
    main()

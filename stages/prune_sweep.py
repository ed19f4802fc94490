"""prune_sweep: float models -> weights zeroed or filters removed; the latter are candidates for the board."""

from kws.figures.sweeps import structured_pruning, unstructured_pruning
from kws.files import replaced_folder, write_json
from kws.stage import stage
from kws.sweeps import prune
from kws.sweeps.float_training import read_float_models
from kws.tables import write_table


@stage(
    features="features.npz of preprocess",
    models="folder of float checkpoints",
    candidates="folder for the checkpoints",
    metrics="JSON",
    table="CSV, a row a point and seed",
    unstructured="PNG",
    structured_parameters="PNG",
    structured_flops="PNG",
    structured_cpu="PNG",
)
def main(paths, params):
    rows, checkpoints = prune.run(paths.features, read_float_models(paths.models), params)
    with replaced_folder(paths.candidates) as folder:
        prune.write_candidates(folder, rows, checkpoints)
    write_table(paths.table, prune.COLUMNS, rows)
    unstructured_pruning(paths.unstructured, rows, params.data.source)
    structured_pruning(paths.structured_parameters, rows, "parameters", params.data.source)
    structured_pruning(paths.structured_flops, rows, "flops", params.data.source)
    structured_pruning(paths.structured_cpu, rows, "cpu_latency_us", params.data.source)
    write_json(paths.metrics, prune.summary(rows))


if __name__ == "__main__":
    main()

"""ptq_sweep: float models -> quantized without training, in every scheme; candidates for the board."""

from kws.files import replaced_folder, write_json
from kws.stage import stage
from kws.sweeps import ptq
from kws.sweeps.float_training import read_float_models, read_float_rights
from kws.tables import write_table


@stage(
    features="features.npz of preprocess",
    models="folder of float checkpoints",
    candidates="folder for the checkpoints",
    metrics="JSON",
    table="CSV, a row a seed and pair of widths",
    minifloat_table="CSV, a row a seed and minifloat",
)
def main(paths, params):
    rows, checkpoints = ptq.run(paths.features, read_float_models(paths.models), params)
    with replaced_folder(paths.candidates) as folder:
        ptq.write_candidates(folder, rows, checkpoints)
    table, minifloat_table = ptq.tables(rows)
    write_table(paths.table, ptq.COLUMNS, table)
    write_table(paths.minifloat_table, ptq.MINIFLOAT_COLUMNS, minifloat_table)
    write_json(paths.metrics, ptq.summary(rows, read_float_rights(paths.models)))


if __name__ == "__main__":
    main()

"""qat_sweep: float models -> models trained on with quantizers in place, in every scheme; candidates for the board."""

from kws.figures.sweeps import accuracy_vs_bits
from kws.files import replaced_folder, write_json
from kws.stage import stage
from kws.sweeps import ptq, qat
from kws.sweeps.float_training import read_float_models, read_float_rights
from kws.tables import read_table, write_table


@stage(
    features="features.npz of preprocess",
    models="folder of float checkpoints",
    ptq_table="CSV of ptq_sweep, drawn beside this sweep",
    ptq_minifloat_table="the same of its minifloats",
    candidates="folder for the checkpoints",
    metrics="JSON",
    table="CSV, a row a seed and pair of widths",
    minifloat_table="CSV, a row a seed and minifloat",
    figure="PNG",
)
def main(paths, params):
    rows, checkpoints = qat.run(paths.features, read_float_models(paths.models), params)
    with replaced_folder(paths.candidates) as folder:
        ptq.write_candidates(folder, rows, checkpoints)
    table, minifloat_table = ptq.tables(rows)
    write_table(paths.table, ptq.COLUMNS, table)
    write_table(paths.minifloat_table, ptq.MINIFLOAT_COLUMNS, minifloat_table)
    float_rights = read_float_rights(paths.models)
    drawn = {
        "PTQ": [*read_table(paths.ptq_table), *read_table(paths.ptq_minifloat_table)],
        "QAT": [*table, *minifloat_table],
    }
    accuracy_vs_bits(paths.figure, drawn, [right.mean() for right in float_rights.values()], params.data.source)
    write_json(paths.metrics, ptq.summary(rows, float_rights))


if __name__ == "__main__":
    main()

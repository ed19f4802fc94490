"""convert: the model to deploy, and those that go to the board beside it, from PyTorch to .tflite."""

from kws.candidate_table import COLUMNS
from kws.capacity import refuse_misfit
from kws.contenders import Swept
from kws.conversion import convert
from kws.conversion_manifest import write_candidates
from kws.files import replaced_folder, write_json
from kws.stage import stage
from kws.tables import read_table, write_table


@stage(
    features="features.npz of preprocess",
    ptq_candidates="folder of ptq_sweep's checkpoints",
    ptq_table="CSV of ptq_sweep",
    qat_candidates="folder of qat_sweep's checkpoints",
    qat_table="CSV of qat_sweep",
    prune_candidates="folder of prune_sweep's checkpoints",
    prune_table="CSV of prune_sweep",
    candidates="folder for the .tflite files and their manifest",
    metrics="JSON",
    table="CSV, a row a candidate of the sweeps",
)
def main(paths, params):
    refuse_misfit(params)
    swept = Swept(
        read_table(paths.ptq_table),
        paths.ptq_candidates,
        read_table(paths.qat_table),
        paths.qat_candidates,
        read_table(paths.prune_table),
        paths.prune_candidates,
    )
    files, candidates, metrics, rows = convert(paths.features, swept, params)
    with replaced_folder(paths.candidates) as folder:
        write_candidates(folder, files, candidates)
    write_table(paths.table, COLUMNS, rows)
    write_json(paths.metrics, metrics)
    deployed = metrics["deployed"]
    print(
        f"Deployed: {deployed['candidate']}, seed {deployed['seed']}, validation {deployed['validation_accuracy']:.1%}"
    )


if __name__ == "__main__":
    main()

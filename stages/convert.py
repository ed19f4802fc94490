"""convert: the candidate with weights of `bits`, and the structured pruned models, from PyTorch to .tflite."""

from kws.capacity import refuse_misfit
from kws.conversion import convert
from kws.conversion_manifest import write_candidates
from kws.dataset import read_dataset
from kws.files import replaced_folder, write_json
from kws.stage import stage
from kws.tables import read_table


@stage(
    features="features.npz of preprocess",
    qat_candidates="folder of qat_sweep's checkpoints",
    qat_table="CSV of qat_sweep",
    prune_candidates="folder of prune_sweep's checkpoints",
    prune_table="CSV of prune_sweep",
    candidates="folder for the .tflite files and their manifest",
    metrics="JSON",
)
def main(paths, params):
    refuse_misfit(params)
    qat_rows, prune_rows = read_table(paths.qat_table), read_table(paths.prune_table)
    dataset = read_dataset(paths.features)
    files, candidates, metrics = convert(
        dataset, paths.qat_candidates, qat_rows, paths.prune_candidates, prune_rows, params
    )
    with replaced_folder(paths.candidates) as folder:
        write_candidates(folder, files, candidates)
    write_json(paths.metrics, metrics)


if __name__ == "__main__":
    main()

"""preprocess: speech, from whatever source, to int8 features of three splits and test clips for the board."""

from kws.dataset import write_dataset
from kws.files import write_json
from kws.preprocessing import preprocess, write_pictures, write_test_clips
from kws.stage import stage


@stage(
    features="features of the three splits, .npz",
    test_clips="folder of WAV files for the board",
    metrics="JSON",
    recordings="folder of the user's own <word>/*.wav, drawn beside them",
    plots="folder for the pictures of one clip of each class",
)
def main(paths, params):
    corpus, dataset, metrics = preprocess(params, paths.features.parent)
    write_pictures(paths.plots, corpus, paths.recordings)
    write_test_clips(paths.test_clips, corpus)
    write_dataset(paths.features, dataset)
    write_json(paths.metrics, metrics)


if __name__ == "__main__":
    main()
